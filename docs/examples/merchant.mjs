// Waits for one payment and ships when it has two confirmations.
//
//     node merchant.mjs ws://127.0.0.1:19559/ws USER PASSWORD
//
// It needs nothing but Node 22 (20 with --experimental-websocket), and runs in a browser as well.
// A payment that a reorganisation takes back is confirmed again from the start, so it ships once.
const [address, user, password] = process.argv.slice(2);
const depth = 2;
const waiting = new Map(); // of replies, by the id of the call
let calls = 0;

const socket = new WebSocket(address);
socket.onerror = () => fail(`no connection with ${address}`);
socket.onclose = () => fail("the connection is closed");
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.method === "confirmations") return confirmed(message.params[0]);
  const { resolve, reject } = waiting.get(message.id);
  waiting.delete(message.id);
  message.error ? reject(new Error(message.error.message)) : resolve(message.result);
};
socket.onopen = () => open().catch((error) => fail(error.message));

// call calls a method and returns its result.
function call(method, ...params) {
  return new Promise((resolve, reject) => {
    waiting.set(++calls, { resolve, reject });
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: calls, method, params }));
  });
}

// open shows the customer where to pay, after it has subscribed, so that no payment is missed.
async function open() {
  await call("authenticate", user, password);
  await call("subscribe", "confirmations", "", depth);
  console.log("pay to", await call("getnewaddress", "default"));
}

// confirmed looks at the payments that an event is about. A real shop compares address and
// amount, which payment.payments has, and keeps event.cursor, from which it goes on after a restart.
function confirmed(event) {
  for (const payment of event.confirmations ?? []) {
    if (payment.confirmations < depth) continue;
    console.log("shipped after", payment.confirmations, "confirmations:", payment.txid);
    process.exit(0);
  }
}

function fail(reason) {
  console.error("merchant:", reason);
  process.exit(1);
}
