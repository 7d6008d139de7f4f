#!/bin/sh
# In the throw-away root everything is root already. The configuration of the test travels in the environment.
exec env $STUB_ENVIRONMENT SUDO_USER=ada "$@"
