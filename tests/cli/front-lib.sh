# shellcheck shell=sh
# For tests with nginx in front of a server, as examples/front has it, behind lib.sh: free_port, authority, front.
PATH="$PATH:/usr/sbin"

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# authority NAME: makes one that signs, NAME.pem with NAME.key
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/$1.key" -out "$T/$1.pem" \
		-subj "/CN=$1" -days 2 2>/dev/null
}

# certificate AUTHORITY NAME...: makes cert.pem with cert.key, for hosts
certificate() {
	by=$1 names=
	shift
	for host; do names=$names${names:+,}DNS:$host; done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/cert.key" -out "$T/cert.csr" -subj "/CN=$1" \
		2>/dev/null
	printf 'subjectAltName=%s\n' "$names" >"$T/cert.ext"
	openssl x509 -req -in "$T/cert.csr" -CA "$T/$by.pem" -CAkey "$T/$by.key" -CAcreateserial -days 2 \
		-extfile "$T/cert.ext" -out "$T/cert.pem" 2>/dev/null
}

# front PORT TO: writes the example for a server at PORT of this machine that passes on to TO, with cert.pem
front() {
	mkdir "$T/nginx"
	{
		printf 'daemon off; pid %s/pid; error_log %s/error;\n' "$T/nginx" "$T/nginx"
		[ "$(id -u)" != 0 ] || echo 'user root;'
		printf 'events {} http { access_log %s/access;\n' "$T/nginx"
		for kind in client_body proxy fastcgi uwsgi scgi; do printf '%s_temp_path %s;\n' "$kind" "$T/nginx/$kind"; done
		sed "s|listen 443|listen 127.0.0.1:$1|; s|127.0.0.1:3000|127.0.0.1:$2|
			s|ssl_certificate /.*|ssl_certificate $T/cert.pem;|
			s|ssl_certificate_key .*|ssl_certificate_key $T/cert.key;|" "$ROOT/examples/front/nginx.conf"
		echo '}'
	} >"$T/nginx/conf"
}

# front_up: starts it; $nginx is its process, $T/nginx/access has a line for each request
front_up() {
	nginx -c "$T/nginx/conf" -p "$T/nginx" -e "$T/nginx/error" >"$T/nginx/out" 2>&1 &
	nginx=$!
	started="$started $nginx"
}
