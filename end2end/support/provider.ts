import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { expect, type Page } from "./test";

/** A provider of identities in a process of its own. */
export class Provider {
  private constructor(
    private readonly process: ChildProcess,
    private readonly lines: Interface,
    readonly issuer: string,
  ) {}

  static async start(): Promise<Provider> {
    const script = join(import.meta.dirname, "../provider.mjs");
    const child = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "ignore"] });
    if (!child.stdout) throw new Error("Its output is ours.");
    const lines = createInterface(child.stdout);
    const [issuer] = (await once(lines, "line")) as [string];
    return new Provider(child, lines, issuer);
  }

  /** Lets it sign people in for the server at this address. */
  async serve(server: string): Promise<void> {
    const ready = once(this.lines, "line");
    this.process.stdin?.write(`${server}/sign-in/return\n`);
    await ready;
  }

  async dispose(): Promise<void> {
    const gone = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await gone;
  }

  /** Says there who one is, and that the server may know it. */
  async signIn(page: Page, name: string): Promise<void> {
    await expect(page).toHaveURL(new RegExp(`^${this.issuer}/interaction/`));
    await page.getByPlaceholder("Enter any login").fill(name);
    await page.getByPlaceholder("and password").fill("any");
    await page.getByRole("button", { name: "Sign-in" }).click();
    await page.getByRole("button", { name: "Continue" }).click();
  }
}
