/** Where the daemon is, and who calls. */
export interface Options {
  /** The address of the daemon, as https://localhost:9112. */
  url: string;
  user: string;
  password: string;
  /** The name of the wallet that calls are about; the default wallet without it. */
  wallet?: string;
}

/** An error that the daemon has answered with. */
export class RpcError extends Error {
  constructor(readonly code: number, message: string) {
    super(message);
    this.name = "RpcError";
  }
}

/** A request that was not answered as a call: not let in (401), or too many at once (429). */
export class HttpError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
    this.name = "HttpError";
  }
}

/** What a subscription is to begin with, and what ends it. */
export interface Subscribe {
  /** The cursor of the last event that is known: those since then come first. */
  cursor?: string;
  /** Of confirmations: up to how many there are events. */
  depth?: number;
  /** Of transactions, confirmations and spends: only what concerns one of these. */
  addresses?: string[];
  labels?: string[];
  signal?: AbortSignal;
}

/** A reply or a notification, as it comes. */
interface Message {
  id?: number;
  method?: string;
  params?: unknown[];
  result?: unknown;
  error?: { code: number; message: string } | null;
}

const firstPause = 1000; // milliseconds before a lost connection is made again
const longestPause = 30000;
const heartbeat = 30000; // milliseconds between calls that show that the connection works
const mostWaiting = 1000; // events; beyond, the connection is closed, and made again when they are read

/** What both the calls and the subscriptions of a client need. */
export class Connection {
  constructor(protected readonly options: Options) {}

  /** Calls any method with positional parameters; those that are undefined have their defaults. */
  async call<R>(method: string, params: unknown[]): Promise<R> {
    const { user, password } = this.options;
    const reply = await fetch(this.address("/"), {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Basic ${base64(`${user}:${password}`)}` },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: params.map((p) => p ?? null) }),
    });
    const text = await reply.text();
    if (!reply.ok) throw new HttpError(reply.status, text.trim() || reply.statusText);
    const { result, error } = JSON.parse(text) as Message;
    if (error) throw new RpcError(error.code, error.message);
    return result as R;
  }

  /**
   * Subscribes on a connection of its own. A connection that is lost is made again, and the events since
   * the last cursor come first; syncstatus has none, and begins with the current status. It ends with
   * the loop that reads it, with the signal, or when the daemon refuses it, with an RpcError.
   */
  protected async *events<E>(topic: string, { cursor = "", depth, addresses, labels, signal }: Subscribe): AsyncGenerator<E> {
    let pause = firstPause;
    while (!signal?.aborted) {
      const feed = new Feed<E>(topic, this.address("/ws").replace(/^http/, "ws"));
      const stop = () => feed.close();
      signal?.addEventListener("abort", stop);
      try {
        await feed.opened;
        await feed.call("authenticate", [this.options.user, this.options.password]);
        const begun = await feed.call<{ cursor?: string }>("subscribe", [topic, cursor, depth, addresses, labels]);
        cursor ||= begun.cursor ?? "";
        pause = firstPause;
        for (let event = await feed.next(); event !== undefined; event = await feed.next()) {
          yield event;
          cursor = (event as { cursor?: string }).cursor || cursor;
        }
      } catch (error) {
        if (error !== lost) throw error;
      } finally {
        signal?.removeEventListener("abort", stop);
        feed.close();
      }
      await sleep(pause, signal);
      pause = Math.min(2 * pause, longestPause);
    }
  }

  /** The address of a path for the wallet, at which websockets are opened too. */
  private address(path: string): string {
    const { url, wallet } = this.options;
    return url.replace(/\/+$/, "") + (wallet ? `/wallet/${encodeURIComponent(wallet)}` : path);
  }
}

/** What calls that have no reply end with when the connection does. */
const lost = new Error("the connection is lost");

/** A websocket with one subscription, and the events that were not read yet. */
class Feed<E> {
  readonly opened: Promise<void>;
  private readonly socket: WebSocket;
  private readonly calls = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  private readonly waiting: E[] = [];
  private beat?: ReturnType<typeof setInterval>;
  private last = 0;
  private answered = 0; // the last call that has a reply
  private closed = false;
  private poke = () => {};

  constructor(private readonly topic: string, url: string) {
    this.socket = new WebSocket(url);
    this.socket.onmessage = ({ data }) => this.read(JSON.parse(String(data)) as Message);
    this.socket.onclose = () => this.close();
    this.opened = new Promise((resolve, reject) => {
      this.calls.set(0, { resolve: () => resolve(), reject });
      this.socket.onopen = () => resolve();
    });
    this.opened.catch(() => {});
  }

  call<R>(method: string, params: unknown[]): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.closed) return reject(lost);
      this.calls.set(++this.last, { resolve: (result) => resolve(result as R), reject });
      this.socket.send(JSON.stringify({ jsonrpc: "2.0", id: this.last, method, params: params.map((p) => p ?? null) }));
    });
  }

  /** Returns the next event, undefined when there are no more. */
  async next(): Promise<E | undefined> {
    this.beat ??= setInterval(() => {
      if (this.answered < this.last) this.close();
      else this.call("getcurrentnet", []).catch(() => {});
    }, heartbeat);
    while (this.waiting.length === 0 && !this.closed) await new Promise<void>((poke) => (this.poke = poke));
    return this.waiting.shift();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    clearInterval(this.beat);
    this.socket.close();
    for (const { reject } of this.calls.values()) reject(lost);
    this.poke();
  }

  private read({ id, method, params, result, error }: Message): void {
    if (this.closed) return;
    if (method !== undefined) {
      if (method !== this.topic || !params) return;
      if (method === "syncstatus") this.waiting.length = 0; // each is the whole status
      this.waiting.push(params[0] as E);
      if (this.waiting.length > mostWaiting) this.close();
      return this.poke();
    }
    if (id === undefined || id === null) return;
    const call = this.calls.get(id);
    this.calls.delete(id);
    this.answered = Math.max(this.answered, id);
    if (error) call?.reject(new RpcError(error.code, error.message));
    else call?.resolve(result);
  }
}

/** Encodes a text in UTF-8, and that in base 64. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Waits so many milliseconds, or until the signal. */
function sleep(time: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, time);
    function done() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
}
