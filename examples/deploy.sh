#!/bin/sh
# Stands for your own deployment: says where it would deploy to.
set -eu
echo "deployed to ${1:?say where to}"
