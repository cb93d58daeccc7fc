import { manyRows } from "../support/data";
import type { Server } from "../support/server";
import { newDataset, upload } from "../support/steps";
import { expect, NO_ANSWER, status, test, type Page } from "../support/test";

/**
 * A large file on its way over a slow line, long enough to look at it and to think again; and another window that
 * watches it.
 */
async function watchSlowUpload(page: Page, server: Server, otherWindow: () => Promise<Page>): Promise<Page> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: 512 * 1024,
  });
  await upload(page, "/local/big", "rows", await server.file("rows.csv", manyRows(400_000)));
  const other = await otherWindow();
  await expect(async () => {
    await other.goto("/local/big");
    await expect(other.getByText("Import of rows")).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await other.getByRole("link", { name: "Watch" }).click();
  await expect(other.getByRole("progressbar")).toBeVisible();
  return other;
}

test.beforeEach(({ page }) => newDataset(page, "big"));

test("a running import is watched and cancelled from another window", async ({ page, server, otherWindow, complaints }) => {
  complaints.expect(status(409), NO_ANSWER);
  const other = await watchSlowUpload(page, server, otherWindow);
  const rows = other.getByRole("definition").first();
  const before = await rows.textContent();
  await expect(rows, "the page follows by itself").not.toHaveText(before ?? "");
  await other.getByRole("button", { name: "Cancel the import" }).click();
  await expect(other.getByText("The import was cancelled. Nothing was saved.")).toBeVisible();

  await other.goto("/local/big");
  await expect(other.getByRole("heading", { name: "No tables yet" })).toBeVisible();
  await expect(other.getByText("Import of rows")).toHaveCount(0);
});

test("a window closed during its upload leaves a clear state", async ({ page, server, otherWindow, complaints }) => {
  complaints.expect(NO_ANSWER);
  const other = await watchSlowUpload(page, server, otherWindow);
  await page.close();
  await expect(other.getByRole("alert")).toContainText("Nothing was imported");
  await expect(other.getByRole("alert")).toContainText("The file did not arrive whole");

  await upload(other, "/local/big", "rows", await server.file("small.csv", manyRows(3)));
  await other.getByRole("button", { name: "Import 3 rows" }).click();
  await expect(other.getByText("3 rows imported and committed.")).toBeVisible();
});

test("a server that ends during an import says so when it is back", async ({ page, server, otherWindow, complaints }) => {
  complaints.expect(NO_ANSWER);
  const other = await watchSlowUpload(page, server, otherWindow);
  const address = other.url();
  await server.kill();
  // Chromium would send the file again by itself.
  await page.close();
  await server.restart();
  // With scripts the page looks again by itself, perhaps at the same moment.
  await expect(() => other.goto(address)).toPass();
  await expect(other.getByRole("alert")).toContainText("The server stopped while this import ran.");
  await other.goto("/local/big");
  await expect(other.getByText("Import of rows")).toHaveCount(0);
});
