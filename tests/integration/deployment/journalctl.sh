#!/bin/sh
cat /var/log/guardian-bot.log
