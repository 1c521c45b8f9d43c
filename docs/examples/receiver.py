"""A receiver of spvd's events: it keeps which payment is in which block, in an SQLite file.

    python3 receiver.py 8080 payments.sqlite "$(cat ~/.spvd/mainnet/webhook.secret)"
    spvd --notifyurl http://127.0.0.1:8080/

It may be killed at any moment: an event is in the file before it is answered, and not taken twice.
"""

import hashlib
import hmac
import http.server
import json
import sqlite3
import sys
import time

PORT, FILE, SECRET = int(sys.argv[1]), sys.argv[2], sys.argv[3].strip().encode()
MAX_AGE = 300  # seconds, of a signature

db = sqlite3.connect(FILE)
db.executescript(
    """CREATE TABLE IF NOT EXISTS place (stream TEXT, seq INTEGER);
       CREATE TABLE IF NOT EXISTS payments (wallet TEXT, txid TEXT, block TEXT, PRIMARY KEY (wallet, txid));"""
)


def signed(header, body):
    """Whether the daemon has made the request, and not long ago."""
    stamp, _, signature = header.removeprefix("t=").partition(",v1=")
    want = hmac.new(SECRET, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(want, signature) and abs(time.time() - int(stamp)) < MAX_AGE


def take(event):
    """Takes over an event, unless it is there already. All of it is one transaction."""
    with db:
        row = db.execute("SELECT stream, seq FROM place").fetchone()
        if row and row[0] == event["stream"] and event["seq"] <= row[1]:
            return
        if event["event"] == "transactions":
            wallet, data = event["wallet"], event["data"]
            for block in data.get("disconnected", []):
                db.execute("DELETE FROM payments WHERE wallet = ? AND block = ?", (wallet, block["hash"]))
            for txid in data.get("removed", []):
                db.execute("DELETE FROM payments WHERE wallet = ? AND txid = ?", (wallet, txid))
            for tx in data.get("transactions", []):
                db.execute("REPLACE INTO payments VALUES (?, ?, ?)", (wallet, tx["txid"], tx.get("blockhash", "")))
            if data.get("gap"):
                print("read all again: spvctl history --json", flush=True)
        db.execute("DELETE FROM place")
        db.execute("INSERT INTO place VALUES (?, ?)", (event["stream"], event["seq"]))
        print(event["seq"], event["event"], flush=True)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        genuine = signed(self.headers.get("Spvd-Signature", ""), body)
        if genuine:
            take(json.loads(body))
        self.send_response(204 if genuine else 403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", PORT), Receiver)
print("listens on port", PORT, flush=True)
server.serve_forever()
