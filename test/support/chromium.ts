/** A Chromium without a window, spoken to over its own protocol: what a page really does in a browser. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { tmpdir } from "node:os";
import type { Readable, Writable } from "node:stream";

type Fields = Readonly<Record<string, unknown>>;

/** Debian's names, the small one first; scripts/setup.mjs --tests installs it. */
const programs = ["chromium-headless-shell", "chromium", "google-chrome"];

function findProgram(): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const program of programs) {
    for (const folder of folders) {
      try {
        accessSync(join(folder, program), constants.X_OK);
        return join(folder, program);
      } catch {
        // not there: the next
      }
    }
  }
  throw new Error(`the test needs ${programs[0]}: node scripts/setup.mjs --tests installs it`);
}

/** One page of a browser of its own, with a profile that is removed at the end. */
export class ChromiumPage implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #profile = mkdtempSync(join(tmpdir(), "chromium-"));
  readonly #input: Writable;
  readonly #answers = new Map<number, { resolve: (fields: Fields) => void; reject: (error: Error) => void }>();
  readonly #waiting = new Map<string, (fields: Fields) => void>();
  #session: string | undefined;
  #count = 0;
  /** What the page asked the network for, complained of, or was refused by its policy. */
  readonly requests: string[] = [];
  readonly complaints: string[] = [];

  constructor() {
    const flags = [
      "--headless",
      "--no-sandbox", // the tests run as root in containers; the page is our own
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--hide-scrollbars",
      "--remote-debugging-pipe",
      `--user-data-dir=${this.#profile}`,
    ];
    const home = { PATH: process.env["PATH"] ?? "", HOME: this.#profile, TMPDIR: this.#profile };
    this.#child = spawn(findProgram(), flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], env: home });
    this.#input = this.#child.stdio[3] as Writable; // opened for writing by the list above
    this.#readFrom(this.#child.stdio[4] as Readable); // the same, for reading
    this.#child.on("exit", () => this.#fail(new Error("the browser ended")));
    this.#child.on("error", (error) => this.#fail(error));
    this.#input.on("error", (error) => this.#fail(error));
  }

  static async open(): Promise<ChromiumPage> {
    const page = new ChromiumPage();
    const { targetId } = await page.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await page.send("Target.attachToTarget", { targetId, flatten: true });
    page.#session = String(sessionId);
    for (const domain of ["Page", "Network", "Runtime", "Log"]) await page.send(`${domain}.enable`, {});
    return page;
  }

  /** A command of the Chrome DevTools Protocol. */
  async send(method: string, params: Fields): Promise<Fields> {
    const id = ++this.#count;
    const answer = new Promise<Fields>((resolve, reject) => this.#answers.set(id, { resolve, reject }));
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    this.#input.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return await answer;
  }

  /** Opens an address and waits until it is loaded. */
  async go(url: string): Promise<void> {
    const loaded = new Promise<Fields>((resolve) => this.#waiting.set("Page.loadEventFired", resolve));
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** The value of an expression in the page, a promise's too. Works also where the page may run no script. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value; // by the protocol
  }

  /** Presses a key, as a person does. */
  async press(key: string, code: number): Promise<void> {
    const event = { key, code: key, windowsVirtualKeyCode: code, ...(key === "Enter" ? { text: "\r" } : {}) };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#session = undefined;
      await this.send("Browser.close", {}).catch(() => this.#child.kill("SIGKILL")); // its own way also ends its children
      await ended;
    }
    for (const stream of this.#child.stdio) stream?.destroy();
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Messages end with a zero byte. */
  #readFrom(output: Readable): void {
    let rest = "";
    output.setEncoding("utf8").on("data", (text: string) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#take(JSON.parse(message) as Fields); // by the protocol
    });
  }

  #take({ id, method, params, result, error }: Fields): void {
    if (typeof id === "number") {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error === undefined) answer?.resolve((result ?? {}) as Fields);
      else answer?.reject(new Error(JSON.stringify(error)));
      return;
    }
    const fields = (params ?? {}) as Fields;
    if (method === "Network.requestWillBeSent") this.requests.push(String((fields["request"] as Fields)["url"]));
    if (method === "Log.entryAdded") this.complaints.push(String((fields["entry"] as Fields)["text"]));
    if (method === "Runtime.exceptionThrown") this.complaints.push(JSON.stringify(fields));
    if (method === "Page.javascriptDialogOpening") this.complaints.push("a dialog was opened");
    this.#waiting.get(String(method))?.(fields);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#answers.values()) reject(error);
    this.#answers.clear();
  }
}
