import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The program under test: named by `cargo xtask test`, else the last one that was built. */
export function program(): string {
  const built = process.env.CARGO_TARGET_DIR ?? join(homedir(), ".cache/anabranch/target");
  const found = process.env.ANABRANCH_BIN ?? join(built, "debug/anabranch");
  if (!existsSync(found)) {
    throw new Error(`There is no ${found}: run the tests with \`cargo xtask test --only browser\`.`);
  }
  return found;
}

/** A real server on a directory of its own. */
export class Server {
  /** Where it is; the same after a restart. */
  url = "";
  private process?: ChildProcess;
  private log = "";
  /** What it wrote to its standard output, line by line. */
  private console: string[] = [];

  private constructor(
    readonly directory: string,
    private readonly options: string[],
  ) {}

  static async start(options: string[] = ["--no-sample"]): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), "anabranch-test-")), options);
    await server.launch("127.0.0.1:0");
    return server;
  }

  /** Starts it again on the same address and data. */
  async restart(): Promise<void> {
    await this.launch(new URL(this.url).host);
  }

  /** `kill -9`, and waits until it is gone. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** Ends it and forgets its data. */
  async dispose(): Promise<void> {
    await this.end("SIGKILL");
    await rm(this.directory, { recursive: true, force: true });
  }

  /** What it wrote to its standard error. */
  get output(): string {
    return this.log;
  }

  /** The address that makes the first account, with its code. */
  get setUpAddress(): string {
    const address = /\/set-up\?code=\S+/.exec(this.console.join("\n"))?.[0];
    if (!address) throw new Error(`The server does not say how to make the first account: ${this.console.join("\n")}`);
    return address;
  }

  /** `anabranch import` of a file with this content. */
  async import(into: string, table: string, content: string, ...more: string[]): Promise<string> {
    const file = await this.file(`${table.replaceAll(/[^a-z0-9]/gi, "_")}.csv`, content);
    return this.importFile(into, table, file, ...more);
  }

  /** `anabranch import` of a file. */
  async importFile(into: string, table: string, file: string, ...more: string[]): Promise<string> {
    const args = ["import", file, "--into", into, "--table", table, "--url", this.url, ...more];
    return (await run(program(), args)).stdout;
  }

  /** A file to be uploaded; it goes with the server. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, content);
    return path;
  }

  private async launch(address: string): Promise<void> {
    const args = ["serve", "--addr", address, "--data", join(this.directory, "data"), ...this.options];
    const child = spawn(program(), args, { stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    child.stderr.on("data", (text) => (this.log += text));
    const ended = once(child, "exit").then(() => {
      throw new Error(`The server ended instead of starting:\n${this.log}`);
    });
    const lines = createInterface(child.stdout);
    this.console = [];
    lines.on("line", (line) => this.console.push(line));
    const [line] = await Promise.race([once(lines, "line"), ended]);
    // The second says how it stands with accounts.
    if (this.console.length < 2) await Promise.race([once(lines, "line"), ended]);
    // From here on it may end whenever a test wants it to.
    ended.catch(() => {});
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (!url) throw new Error(`The server does not say where it is: ${line}`);
    this.url = url;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }
}
