# Keeps watch over one PostgreSQL server of a test binary, which holds the other
# end of standard input. Orders come in as lines, and each is answered with "ok"
# or "failed". When standard input ends, which the kernel sees to even if the
# test binary is killed, the server is stopped and its folder removed.
#
# Arguments: the server's folder, the folder of PostgreSQL's programs, the lines
# to add to postgresql.conf, and the folder whose data is copied by "make". A
# folder with data to copy is made by "initdb"; no server is started over it.
set -u
dir=$1 bin=$2 conf=$3 from=$4
log=$dir/log
umask 077

finish() {
	"$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >>"$log" 2>&1
	rm -rf "$dir"
}
trap finish EXIT

answer() {
	if "$@" >>"$log" 2>&1; then echo ok; else echo failed; fi
}

make() {
	cp -R "$from/data" "$dir/data" && printf '%s\n' "$conf" >>"$dir/data/postgresql.conf"
}

while read -r order; do
	case $order in
	initdb) answer "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync ;;
	make) answer make ;;
	start) answer "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 60 start ;;
	stop) answer "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop ;;
	*) echo failed ;;
	esac
done
