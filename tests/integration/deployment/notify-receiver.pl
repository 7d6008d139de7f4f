#!/usr/bin/perl
# A service manager's end of sd_notify(3): binds a datagram socket and appends every message to a file.
use strict;
use warnings;
use Socket;
use IO::Handle;
my ($path, $file) = @ARGV;
socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
unlink $path;
bind($socket, sockaddr_un($path)) or die "bind $path: $!";
chmod 0666, $path;
open(my $out, '>>', $file) or die "$file: $!";
$out->autoflush(1);
print $out "LISTENING\n";
while (defined recv($socket, my $message, 65536, 0)) { print $out "$message\n"; }
