import { test as base, expect, type BrowserContext, type Page } from "@playwright/test";
import { Server } from "./server";

export { expect, type CDPSession, type Locator, type Page } from "@playwright/test";

export interface Options {
  /** What the server is started with. */
  serverOptions: string[];
}

interface Fixtures {
  /** A server with nothing in it. */
  server: Server;
  /** What pages complained of: a test fails if anything is left at its end. */
  complaints: Complaints;
  /** A window of another browser, in front of the same server. */
  otherWindow: () => Promise<Page>;
}

/** Page errors and console errors. */
export class Complaints {
  private readonly heard: string[] = [];
  private readonly expected: RegExp[] = [];

  /** These belong to the test: an answer that says no, a server that was killed. */
  expect(...patterns: RegExp[]): void {
    this.expected.push(...patterns);
  }

  listenTo(context: BrowserContext): void {
    context.on("weberror", (error) => this.heard.push(`page error: ${error.error().stack ?? error.error()}`));
    context.on("console", (message) => {
      if (message.type() === "error") {
        this.heard.push(`console error: ${message.text()} (${message.location().url})`);
      }
    });
  }

  get unexpected(): string[] {
    return this.heard.filter((text) => !this.expected.some((pattern) => pattern.test(text)));
  }
}

/** What Chromium writes to the console when the answer has this status. */
export const status = (code: number) => new RegExp(`the server responded with a status of ${code}\\b`);

/** What Chromium writes to the console when nobody answers. */
export const NO_ANSWER = /net::ERR_(CONNECTION_|EMPTY_RESPONSE|INCOMPLETE_CHUNKED|FAILED|NETWORK_CHANGED|ABORTED)/;

export const test = base.extend<Fixtures & Options>({
  serverOptions: [["--no-sample"], { option: true }],

  server: async ({ serverOptions }, use, info) => {
    const server = await Server.start(serverOptions);
    await use(server);
    if (info.status !== info.expectedStatus && server.output) {
      await info.attach("server", { body: server.output, contentType: "text/plain" });
    }
    await server.dispose();
  },

  baseURL: async ({ server }, use) => use(server.url),

  complaints: async ({}, use) => {
    const complaints = new Complaints();
    await use(complaints);
    expect(complaints.unexpected, "no page may complain").toEqual([]);
  },

  context: async ({ context, complaints }, use) => {
    complaints.listenTo(context);
    await use(context);
  },

  otherWindow: async ({ browser, baseURL, javaScriptEnabled, viewport, complaints }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext({ baseURL, javaScriptEnabled, viewport });
      contexts.push(context);
      complaints.listenTo(context);
      return context.newPage();
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});
