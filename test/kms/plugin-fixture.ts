/** A folder with keys for a KMS plugin, and the plugin as a program. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { KmsPluginClient } from "../../src/crypto/kms/kms-plugin-client.ts";
import { Program, run, TestHome } from "../cli/program.ts";
import type { Ended } from "../cli/program.ts";

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);

export class PluginHome extends TestHome {
  readonly folder = this.at("kms");
  readonly socket = this.at("run", "kms.sock");
  readonly endpoint = `unix://${this.socket}`;
  readonly #sealed = ["--dir", this.folder, "--passphrase-file", this.at("passphrase")];

  constructor() {
    super();
    writeFileSync(this.at("passphrase"), "correct horse battery staple\n", { mode: 0o600 });
    writeFileSync(this.at("escrow-passphrase"), "staple battery horse correct\n", { mode: 0o600 });
    writeFileSync(this.at("identity"), `# of a test\n${identity}\n`, { mode: 0o600 });
  }

  /** `strongroom kms-plugin COMMAND` on this folder. */
  command(command: string, ...args: readonly string[]): Promise<Ended> {
    return run(this, "kms-plugin", command, ...this.#sealed, ...args);
  }

  /** Makes the first key, or raises. */
  async init(): Promise<void> {
    const { code, stderr } = await this.command("init", ...this.escrowTo("escrow.age"));
    if (code !== 0) throw new Error(stderr);
  }

  /** Adds a key that writes at once, or raises; its id. */
  async rotate(escrow: string): Promise<string> {
    const { code, stdout, stderr } = await this.command("rotate", "--in", "0s", ...this.escrowTo(escrow));
    if (code !== 0) throw new Error(stderr);
    return /^key ([0-9a-f]{32}) /m.exec(stdout)?.[1] ?? "";
  }

  escrowTo(name: string): readonly string[] {
    return ["--escrow", this.at(name), "--escrow-recipient", recipient];
  }

  /** Starts the plugin; resolves when it serves. */
  async serve(...args: readonly string[]): Promise<Program> {
    const program = new Program(this, ["kms-plugin", "serve", ...this.#sealed, "--socket", this.socket, ...args]);
    await program.printed(/^ready unix:\/\//m);
    return program;
  }

  /** A client that calls itself as kube-apiserver does, and is patient: others use the machine too. */
  client(): KmsPluginClient {
    return new KmsPluginClient(this.endpoint, 30_000, "");
  }
}

/** The files below a folder that hold a key in the clear: its bytes, in base64 or in hexadecimal digits. */
export function filesWith(folder: string, key: Buffer): readonly string[] {
  const forms = [key, Buffer.from(key.toString("base64").replaceAll("=", "")), Buffer.from(key.toString("hex"))];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => forms.some((form) => readFileSync(path).includes(form)))
    .map((path) => path.slice(folder.length + 1));
}
