// Serves a web page that shows the sync, the balance and the newest transactions as they change.
//
//     node page.mjs wss://127.0.0.1:9112/ws USER PASSWORD [PORT]
//
// It needs nothing but Node 22 (20 with --experimental-websocket); NODE_EXTRA_CA_CERTS names the
// file rpc.cert of the daemon. Browsers never learn the password, which may be that of
// --readonlyuser: this program subscribes, and passes on what it reads to each open page.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

const [address, user, password, port = "8080"] = process.argv.slice(2);
const html = readFileSync(new URL("page.html", import.meta.url));
const pages = new Set(); // the replies that stay open, one for each open page
const waiting = new Map(); // the calls that have no reply yet, by id
const shown = {}; // what every page shows
const closed = new Error("the connection is closed");
let reading = Promise.resolve(); // the last read: one at a time, so that the newest is shown last
let calls = 0;
let socket;

// connect subscribes, and does so again a second after the connection has ended.
function connect() {
  socket = new WebSocket(address);
  socket.onopen = () => subscribe().catch((error) => error === closed || fail(error.message));
  socket.onclose = () => {
    for (const { reject } of waiting.values()) reject(closed);
    waiting.clear();
    show({ trouble: "the daemon does not answer" });
    setTimeout(connect, 1000);
  };
  socket.onmessage = ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(data);
    if (method === "syncstatus") return show({ status: params[0] });
    if (method === "transactions") return void (reading = reading.then(read).catch(() => {}));
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    error ? reject(new Error(error.message)) : resolve(result);
  };
}

// call calls a method and returns its result.
function call(method, ...params) {
  return new Promise((resolve, reject) => {
    waiting.set(++calls, { resolve, reject });
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: calls, method, params }));
  });
}

async function subscribe() {
  await call("authenticate", user, password);
  await call("subscribe", "syncstatus");
  await call("subscribe", "transactions");
  await (reading = read());
}

// read reads the wallet after each event, so that nothing has to be put together here: it is right
// after a reorganisation, too. If the connection ends meanwhile, the next one reads again.
async function read() {
  const [balance, transactions] = await Promise.all([call("getbalance"), call("listtransactions", "*", 10)]);
  show({ trouble: "", balance, transactions });
}

// show passes on what has changed.
function show(change) {
  Object.assign(shown, change);
  for (const page of pages) page.write(`data: ${JSON.stringify(change)}\n\n`);
}

const server = createServer((request, reply) => {
  if (request.url === "/events") {
    reply.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    reply.write(`data: ${JSON.stringify(shown)}\n\n`);
    pages.add(reply);
    reply.on("close", () => pages.delete(reply));
  } else if (request.url === "/") {
    reply.writeHead(200, { "Content-Type": "text/html; charset=utf-8" });
    reply.end(html);
  } else {
    reply.writeHead(404);
    reply.end();
  }
});
server.on("error", (error) => fail(error.message));
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
connect();

function fail(reason) {
  console.error("page:", reason);
  process.exit(1);
}
