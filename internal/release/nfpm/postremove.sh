#!/bin/sh
# After the removal: dpkg says "remove", "purge" or "upgrade", rpm how many versions stay.
# Wallets are never removed: what they know may be nowhere else.
set -e

if [ -z "$DPKG_ROOT" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi

case "$1" in
purge)
	rmdir "$DPKG_ROOT/etc/spvd" 2>/dev/null || true
	if [ -d "$DPKG_ROOT/var/lib/spvd" ]; then
		echo "spvd: the wallets and the chain stay in /var/lib/spvd, with the user spvd as their owner" >&2
	fi
	;;
esac
