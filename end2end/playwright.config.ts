import { defineConfig } from "@playwright/test";
import type { Options } from "./support/test";

// A test that is tagged @script needs scripts, one that is tagged @forms is about pages without them; all others run twice.
export default defineConfig<Options>({
  testDir: "tests",
  outputDir: "results/artifacts",
  // Two cores: one for the browser, one for the server.
  workers: 1,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: !!process.env.CI,
  reporter: [["list"], ["json", { outputFile: "results/report.json" }]],
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.ANABRANCH_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "with JavaScript", grepInvert: /@forms/ },
    { name: "without JavaScript", grepInvert: /@script/, use: { javaScriptEnabled: false } },
  ],
});
