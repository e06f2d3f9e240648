#!/usr/bin/env python3
"""Runs the peers on one PostgreSQL and prints a table; see README.md beside it."""
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
RUST = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "rust" / "target")) / "release"
SERVER = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
DATABASE = "stagemark_peers"
ROUNDS = 3
# Its program, and how many runs it is measured with: at its fastest, and one after the other.
PEERS = {
    "Restate 1.7.12, Rust SDK 0.13.0": ([RUST / "restate"], 4000, 300),
    "pg-boss 10.4.2": (["node", HERE / "pg-boss.mjs"], 5000, 4),
    "apalis-workflow 1.0.0": ([RUST / "apalis"], 2000, 30),
    "DBOS Transact 5.3.0 (TypeScript)": (["node", HERE / "dbos.mjs"], 1500, 150),
}


def psql(sql, url=SERVER):
    return subprocess.check_output(["psql", "-XAtq", "-d", url, "-c", sql], text=True).strip()


def measured(command, mode, runs, environment):
    out = subprocess.run([*command, mode, str(runs)], env=environment, text=True, check=True, stdout=subprocess.PIPE)
    return json.loads(next(line for line in out.stdout.splitlines() if line.startswith("RESULT "))[7:])


def bare_commits():
    """One-row commits of 16 clients in a second."""
    psql("DROP TABLE IF EXISTS bare; CREATE TABLE bare (id bigserial PRIMARY KEY, text text)")
    script = HERE / "bare.sql"
    script.write_text("INSERT INTO bare (text) VALUES ('0123456789abcdef');\n")
    command = ["pgbench", "-n", "-M", "prepared", "-f", script, "-c", "16", "-j", "2", "-T", "4", SERVER]
    out = subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    script.unlink()
    psql("DROP TABLE bare")
    return next(float(line.split("=")[1].split()[0]) for line in out.splitlines() if line.startswith("tps"))


def on_a_new_database(command, mode, runs):
    """What the peer says of itself, and how the server's log grew for each run."""
    psql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    psql(f"CREATE DATABASE {DATABASE}")
    environment = dict(os.environ, DATABASE_URL=SERVER.rsplit("/", 1)[0] + "/" + DATABASE)
    subprocess.run([*command, "setup"], env=environment, check=True, stdout=subprocess.DEVNULL)
    psql("CHECKPOINT")
    before = psql("SELECT pg_current_wal_insert_lsn()")
    said = measured(command, mode, runs, environment)
    grown = float(psql(f"SELECT pg_current_wal_insert_lsn() - '{before}'::pg_lsn"))
    return {**said, "wal_kb_per_run": grown / runs / 1024}


def with_restate():
    folder = HERE / "restate-data"
    subprocess.run(["rm", "-rf", folder], check=True)
    environment = dict(os.environ, RESTATE_DISABLE_TELEMETRY="true", RESTATE_LISTEN_MODE="tcp")
    server = [HERE / "node_modules/.bin/restate-server", "--bind-ip", "127.0.0.1", "--base-dir", folder]
    child = subprocess.Popen([*server, "--log-filter", "error"], env=environment, start_new_session=True)
    while True:
        try:
            urllib.request.urlopen("http://127.0.0.1:9070/health").close()
            return child
        except urllib.error.URLError:
            time.sleep(0.2)


def main():
    print(f"Bare commits of 16 clients: {bare_commits():.0f} a second before.", file=sys.stderr)
    print("| peer | runs/s: median, least, most | alone: p50 | p99 | WAL per run |\n|---|---|---|---|---|")
    for name, (command, many, few) in PEERS.items():
        restate = with_restate() if name.startswith("Restate") else None
        fast = [on_a_new_database(command, "throughput", many) for _ in range(ROUNDS)]
        alone = [on_a_new_database(command, "alone", few) for _ in range(ROUNDS)]
        if restate:
            os.killpg(restate.pid, 15)
            restate.wait()
        rates = sorted(one["runs_per_s"] for one in fast)
        p50, p99 = (statistics.median(one[key] for one in alone) for key in ("p50_ms", "p99_ms"))
        wal = statistics.median(one["wal_kb_per_run"] for one in fast)
        wal = "its own log" if restate else f"{wal:.1f} KB"
        print(f"| {name} | {statistics.median(rates):.0f}, {rates[0]:.0f}, {rates[-1]:.0f} | {p50:.1f} ms | {p99:.1f} ms | {wal} |")
    psql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    print(f"Bare commits of 16 clients: {bare_commits():.0f} a second after.", file=sys.stderr)


if __name__ == "__main__":
    main()
