import { expectAccessible, expectNoOverflow, expectWellFormed } from "../support/accessible";
import { PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import type { Server } from "../support/server";
import { expect, status, test, type Page } from "../support/test";

async function check(page: Page): Promise<void> {
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);
}

async function draft(page: Page): Promise<void> {
  await page.goto("/local/bakery/tables/products/rows/A2");
  await page.getByLabel("name").fill("Wheat loaf, large");
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await expect(page.getByRole("main").getByText("Saved to your draft.")).toBeVisible();
}

async function fill(server: Server): Promise<void> {
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
  await server.import("local/bakery", "a-table-with-quite-a-long-name-that-has-no-space-in-it", PRODUCTS);
}

test("pages of an empty server are well formed and accessible, on a phone too", async ({ page, complaints }) => {
  // Looked through twice as often as others.
  test.slow();
  complaints.expect(status(422));
  for (const address of ["/", "/new", "/system"]) {
    await page.goto(address);
    await check(page);
  }
  await page.goto("/new");
  await page.getByLabel("Name").fill("empty");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await check(page);
  for (const address of ["/local/empty/history", "/local/empty/draft", "/local/empty/import"]) {
    await page.goto(address);
    await check(page);
  }
  // Deleted by mistake, and brought back.
  await page.goto("/local/empty/settings");
  await page.getByLabel("Its name, to be sure").fill("emptie");
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("alert")).toContainText("Type empty to delete it");
  await page.getByLabel("Its name, to be sure").fill("empty");
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("heading", { name: "Deleted" })).toBeVisible();
  await check(page);
  await page.getByRole("button", { name: "Bring back local/empty" }).click();
  await expect(page).toHaveURL("/local/empty");
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByLabel("Title").fill("Not so empty");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Not so empty");
});

test("pages of a dataset are well formed and accessible, on a phone too", async ({ page, server }) => {
  // Many pages, each looked through twice.
  test.slow();
  await fill(server);
  await draft(page);
  await check(page);
  const table = "/local/bakery/tables/products";
  for (const address of ["/", "/system", "/local", "/local/bakery", "/local/bakery/settings", "/local/bakery/history", "/local/bakery/draft", `${table}/new-row`, `${table}/rows/A4`]) {
    await page.goto(address);
    await check(page);
  }
  await page.goto("/local/bakery/history");
  await page.getByRole("main").getByRole("link", { name: "Add the price list" }).click();
  await check(page);
});

test("the table's page is well formed and accessible, on a phone too", async ({ page, server, javaScriptEnabled }) => {
  await fill(server);
  await draft(page);
  await page.goto("/local/bakery/tables/products");
  if (javaScriptEnabled) {
    const grid = await Grid.on(page, "products");
    await grid.select(3, "price");
    await grid.press("Shift+ArrowRight", "Shift+ArrowDown");
  }
  await check(page);
});

test("what is not there has a page too", async ({ page, server, complaints }) => {
  complaints.expect(status(404));
  await fill(server);
  const missing = [
    "/nobody/nothing",
    "/local/bakery/tables/nothing",
    "/local/bakery/tables/products/rows/Z9",
    "/local/bakery/commits/0000",
    "/local/bakery/imports/nothing",
    "/no/such/page/at/all",
  ];
  for (const address of missing) {
    const answer = await page.goto(address);
    expect(answer?.status(), address).toBe(404);
    await expect(page.getByRole("heading", { level: 1, name: "There is nothing here" })).toBeVisible();
    await check(page);
  }
  await page.getByRole("link", { name: "To the datasets" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Datasets" })).toBeVisible();
});

test.describe("the first run", () => {
  test.use({ serverOptions: [[], { option: true }] });

  test("the sample of the first run is there to try", async ({ page }) => {
    await page.goto("/");
    await page.getByRole("link", { name: "Bakery price list" }).click();
    await check(page);
    await page.getByRole("link", { name: "Bring in the price list of summer" }).click();
    await expect(page.locator("ins").first()).toBeVisible();
    await check(page);
  });
});
