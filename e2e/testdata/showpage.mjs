// Runs the script of a page as a browser does, without a browser: it has the few parts of the
// document that the script of docs/examples/page.html uses, and prints what they hold whenever an
// event has changed them.
//
//     node showpage.mjs http://127.0.0.1:8080/
const address = process.argv[2];
const html = await (await fetch(address)).text();

class Element {
  textContent = "";
  children = [];
  replaceChildren(...children) { this.children = children; }
  insertCell() {
    const cell = new Element();
    this.children.push(cell);
    return cell;
  }
}

const parts = {}; // by id; an id that the page does not have is an error
for (const [, id] of html.matchAll(/\bid="(\w+)"/g)) parts[id] = new Element();
const source = {};
const document = { getElementById: (id) => parts[id], createElement: () => new Element() };
const script = html.match(/<script>([^]*)<\/script>/)[1];
new Function("document", "EventSource", script)(document, class { constructor(name) { source.address = new URL(name, address); return source; } });

// The events of the stream, of which each ends with an empty line.
let shown = "";
let rest = "";
const decoder = new TextDecoder();
for await (const bytes of (await fetch(source.address)).body) {
  const events = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
  rest = events.pop();
  for (const event of events) {
    source.onmessage({ data: event.replace(/^data: /, "") });
    const rows = parts.transactions.children.map((row) => row.children.map((cell) => cell.textContent).join(", "));
    const text = [parts.balance.textContent, parts.status.textContent, ...rows].join(" | ");
    if (text !== shown) console.log(shown = text);
  }
}
