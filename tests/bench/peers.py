"""The servers ttx is compared with: PostgreSQL, nginx and a gRPC echo."""

import grp
import os
import pathlib
import pwd
import signal
import time

from process import Failed, free_port, run

HERE = pathlib.Path(__file__).resolve().parent
POSTGRES_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")

# A tuned server with nothing taken from its durability: fsync, synchronous_commit and full_page_writes stay on.
POSTGRES_SETTINGS = {
    "shared_buffers": "1GB",
    "wal_buffers": "64MB",
    "min_wal_size": "2GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "wal_compression": "lz4",
    "max_connections": "300",
    "jit": "off",
    "listen_addresses": "",
    "logging_collector": "off",
}

# How the price of a bid is made: by the clients, from one rising sequence as with ttx, or by the procedure under its
# row lock, so that no bid is ever refused. The better of the two counts.
PRICES = {"rising": "10000 + 100 * nextval('next_number')", "next": "NULL"}


class Postgres:
    """A cluster of its own in the workspace, reached over a unix socket, which is faster than loopback TCP."""

    def __init__(self, workspace):
        if not (POSTGRES_BIN / "postgres").exists():
            raise Failed("PostgreSQL 15 is missing: deploy/install bench")
        self.workspace = workspace
        self.folder = workspace.folder / "postgres"
        self.folder.mkdir()
        self.user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self.user:
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, grp.getgrnam("postgres").gr_gid)
        self.runs = 0

    def start(self):
        data = self.folder / "data"
        run(*self.user, POSTGRES_BIN / "initdb", "-D", data, "-A", "trust", "-U", "bench", "--no-sync", "-E", "UTF8",
            "--locale=C", cwd=self.folder)
        run("sync", "-f", self.folder)
        settings = {**POSTGRES_SETTINGS, "unix_socket_directories": str(self.folder)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # runuser stays between and passes SIGTERM on, which is a smart shutdown; the clients are gone by then.
        process = self.workspace.start("postgres-server", *self.user, POSTGRES_BIN / "postgres", "-D", data, *words,
                                       stop_signal=signal.SIGTERM, cwd=self.folder)
        socket_file = self.folder / ".s.PGSQL.5432"
        self.workspace.wait_until(process, lambda: socket_file.exists() and self.is_ready())
        self.sql("-f", HERE / "bid.sql")

    def is_ready(self):
        try:
            self.sql("-c", "SELECT 1")
            return True
        except Failed:
            return False

    def sql(self, *words):
        return run("psql", "-h", self.folder, "-U", "bench", "-d", "postgres", "-X", "-q", "-t", "-A", "-v",
                   "ON_ERROR_STOP=1", *words).strip()

    def accepted(self):
        return int(self.sql("-c", "SELECT sum(bid_count) FROM auctions"))

    def bids(self, auctions, clients, seconds, price):
        """Bids by so many clients on one auction (1) or the 1,000 others, in the shape of the load generators."""
        self.runs += 1
        auction = "1" if auctions == 1 else "(random(2, 1001))"
        script = self.workspace.folder / "pgbench.sql"
        lines = [
            r"\set n :n + 1",
            rf"\set id {self.runs} * 1000000000000 + :client_id * 1000000000 + :n",
            rf"\set auction {auction}",
            f"SELECT place_bid(:auction, :client_id, {PRICES[price]}, :id);",
        ]
        script.write_text("\n".join(lines) + "\n", encoding="ascii")
        logs = self.workspace.folder / "pgbench"
        self.sql("-c", "SELECT setval('next_number', (max(best_fen) - 10000) / 100 + 1) FROM auctions")
        before = self.accepted()
        rate = 1 if clients == 1 else 0.2
        printed = run("pgbench", "-h", self.folder, "-U", "bench", "-n", "-M", "prepared", "-f", script, "-c", clients,
                      "-j", min(clients, 2), "-T", seconds, "-D", "n=0", "-l", "--log-prefix", logs,
                      f"--sampling-rate={rate}", "postgres")
        accepted = self.accepted() - before
        decided = int(find(printed, "number of transactions actually processed: "))
        tps = float(find(printed, "tps = ").split()[0])
        p50, p99 = percentiles(self.workspace.folder)
        return {"kind": "pgbench", "in_flight": clients, "price": price, "accepted": accepted,
                "refused": decided - accepted, "failed": 0, "accepted_per_second": tps * accepted / max(decided, 1),
                "decided_per_second": tps, "p50_us": p50, "p99_us": p99}


def find(text, label):
    for line in text.split("\n"):
        if line.startswith(label):
            return line[len(label):]
    raise Failed(f"pgbench did not print \"{label}\": {text[-500:]}")


def percentiles(folder):
    """p50 and p99 of the transaction logs pgbench wrote (third column, microseconds), which are removed."""
    times = []
    for path in folder.glob("pgbench.[0-9]*"):
        with open(path, encoding="ascii") as lines:
            times.extend(int(line.split()[2]) for line in lines)
        path.unlink()
    times.sort()
    return (times[len(times) // 2], times[len(times) * 99 // 100]) if times else (0, 0)


NGINX_CONFIG = """
worker_processes auto;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  server {{
    listen 127.0.0.1:{port} ssl backlog=1024;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    default_type application/json;
    location / {{ return 200 '{answer}'; }}
  }}
}}
"""

# As long as a bid is in JSON.
NGINX_ANSWER = ('{"name":"auctions/01hzzzzzzzzzzzzzzzzzzzzzzz/bids/100000","number":"100000","bidder_code":"B0001",'
                '"price_fen":"20010000","accept_time":"2027-01-15T08:00:00.123456789Z",'
                '"phase_end_time":"2027-01-16T08:00:00.123456789Z"}')


def start_nginx(workspace, certificate, key):
    """nginx with a worker for each processor and a fixed answer over TLS 1.3; returns its port."""
    port = free_port()
    config = workspace.folder / "nginx.conf"
    config.write_text(NGINX_CONFIG.format(folder=workspace.folder, port=port, certificate=certificate, key=key,
                                          answer=NGINX_ANSWER), encoding="ascii")
    process = workspace.start("nginx", "nginx", "-c", config, "-e", workspace.folder / "nginx.log")
    pid_file = workspace.folder / "nginx.pid"
    workspace.wait_until(process, lambda: pid_file.exists() and pid_file.stat().st_size > 0, 10)
    time.sleep(0.2)
    return port


def start_echo(workspace, build):
    """The gRPC echo; returns its port."""
    process = workspace.start("echo", build / "tests/bench/ttx_bench_echo_server")
    return workspace.ports(process, 10)["grpc"]
