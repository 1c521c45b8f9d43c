#!/bin/sh
# After the installation: dpkg says "configure" and the version before, rpm how many versions
# are installed now. With DPKG_ROOT the package is installed for another root directory.
set -e

case "$1" in
configure | [1-9]*) ;;
*) exit 0 ;;
esac

# The user spvd, and the configuration for its group.
if command -v systemd-sysusers >/dev/null && command -v systemd-tmpfiles >/dev/null; then
	systemd-sysusers ${DPKG_ROOT:+--root="$DPKG_ROOT"} spvd.conf
	systemd-tmpfiles ${DPKG_ROOT:+--root="$DPKG_ROOT"} --create spvd.conf
else
	echo "spvd: without systemd, create the user spvd and start /usr/bin/spvd as it" >&2
fi

if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart spvd.service
fi
