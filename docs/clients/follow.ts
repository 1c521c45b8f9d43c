// Follows the chain to a height, through reorganisations and lost connections.
//
//     npx -p typescript tsc --target es2022 --module es2022 docs/clients/follow.ts
//     node docs/clients/follow.js https://localhost:9112 USER PASSWORD HEIGHT [CURSOR]
//
// NODE_EXTRA_CA_CERTS names the file rpc.cert of the daemon. Node before 22 needs
// --experimental-websocket and --experimental-default-type=module.
import { Client, ErrorCode, RpcError } from "./spvd.js";

declare const process: { argv: string[] };

const [url = "", user = "", password = "", height = "", cursor = ""] = process.argv.slice(2);
const spvd = new Client({ url, user, password });

const { phase, tip } = await spvd.syncStatus();
console.log(`${phase} at block ${tip.height}`);
console.log(`the next payment goes to ${await nextAddress()}`);

for await (const event of spvd.subscribe("blocks", { cursor })) {
  for (const block of event.disconnected) console.log(`block ${block.height} has left the chain`);
  for (const block of event.connected) console.log(`block ${block.height} of ${new Date(1000 * block.time).toISOString()}`);
  if (event.tip.height >= Number(height)) break;
}

/** Returns an address, or why there is none. */
async function nextAddress(): Promise<string> {
  try {
    return await spvd.getNewAddress("default");
  } catch (error) {
    if (error instanceof RpcError && error.code === ErrorCode.Account) return "nobody: there is no such account";
    throw error;
  }
}
