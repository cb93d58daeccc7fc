import { expectAccessible, expectNoOverflow, expectWellFormed } from "../support/accessible";
import { PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import { expect, status, test, type Page } from "../support/test";

/** What every page must be: right in itself, for everybody, on a phone. */
async function expectRight(page: Page): Promise<void> {
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);
}

/** Sends to the API what other tests are about. */
async function send(page: Page, path: string, data: unknown): Promise<void> {
  const answer = await page.request.post(`/api/v1/datasets/local/bakery/${path}`, { data });
  expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
}

/** Sets a cell of a product in its form, which saves it to the draft. */
async function set(page: Page, key: string, column: string, value: string): Promise<void> {
  await page.goto(`/local/bakery/tables/products/rows/${key}`);
  await page.getByLabel(column).fill(value);
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await expect(page).toHaveURL(/saved=1/);
}

test.beforeEach(async ({ server }) => {
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
});

test("a check is added, met in a draft, and kept", async ({ page, complaints }) => {
  test.slow();
  complaints.expect(status(422));
  await page.goto("/local/bakery/tables/products");
  await page.getByRole("link", { name: "Checks", exact: true }).click();
  await expect(page.getByText("The table has no checks.")).toBeVisible();
  await expectRight(page);

  // What can't be read says where, and nothing that was typed is lost.
  await page.getByLabel("Name").fill("Too cheap");
  await page.getByLabel("No row may meet").fill("prise < 0.5");
  await page.getByLabel("What is wrong with such a row").fill("Flour alone costs more.");
  await page.getByRole("button", { name: "Add the check" }).click();
  await expect(page.getByRole("alert")).toContainText("At character 1: there is no column “prise”");
  await expect(page.getByLabel("Name")).toHaveValue("Too cheap");
  await expectRight(page);
  // Rows that are there stand against it.
  await page.getByLabel("No row may meet").fill("price < 1");
  await page.getByRole("button", { name: "Add the check" }).click();
  await expect(page.getByRole("alert")).toContainText("row A5: it meets the check “Too cheap”");
  await page.getByLabel("No row may meet").fill("price < 0.5");
  await page.getByRole("button", { name: "Add the check" }).click();
  await expect(page.getByRole("row", { name: /Too cheap/ })).toContainText("price < 0.5");

  await page.getByLabel("Name").fill("Cheap");
  await page.getByLabel("No row may meet").fill("price < 1");
  await page.getByLabel("What follows").selectOption("warning");
  await page.getByRole("button", { name: "Add the check" }).click();
  await expect(page.getByRole("row", { name: /^Cheap/ })).toContainText("Warning");
  await expectRight(page);
  await page.getByRole("link", { name: "Rows that meet Cheap", exact: true }).click();
  await expect(page.getByText("1 of 5 rows")).toBeVisible();

  // Both are told in the draft, and only one stops it.
  await set(page, "A1", "price", "0.4");
  await page.goto("/local/bakery/draft");
  await expect(page.getByRole("heading", { name: "1 error, 1 warning" })).toBeVisible();
  await expect(page.getByText("Row A1 meets the check “Too cheap”: Flour alone costs more.")).toBeVisible();
  await expectRight(page);
  await page.getByLabel("Message").fill("Cheaper");
  await page.getByRole("button", { name: "Commit 1 changed row" }).click();
  await expect(page.getByRole("alert")).toContainText("Row A1 meets the check “Too cheap”");
  await page.getByRole("region", { name: "What was found" }).getByRole("link", { name: "A1" }).first().click();
  await expect(page.getByText("Error: Flour alone costs more.")).toBeVisible();
  await expectRight(page);
  await page.getByLabel("price").fill("0.9");
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await expect(page.getByText("Error: Flour alone costs more.")).toHaveCount(0);
  await page.goto("/local/bakery/draft");
  await expect(page.getByRole("heading", { name: "1 warning", exact: true })).toBeVisible();
  await page.getByLabel("Message").fill("Cheaper");
  await page.getByRole("button", { name: "Commit 1 changed row" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Cheaper" })).toBeVisible();
  await expect(page.getByText("Row A1 meets the check “Cheap”")).toBeVisible();
  await expectRight(page);

  // Changed and dropped.
  await page.goto("/local/bakery/tables/products/checks");
  await page.getByRole("link", { name: "Change Cheap" }).click();
  await page.getByLabel("Name").fill("Not dear");
  await page.getByRole("button", { name: "Change the check" }).click();
  await page.getByRole("button", { name: "Drop Not dear" }).click();
  await expect(page.getByRole("row", { name: /Not dear/ })).toHaveCount(0);
  await expect(page.getByRole("row", { name: /Too cheap/ })).toBeVisible();
});

test("what is typed into the grid is checked at once", async ({ page, javaScriptEnabled }) => {
  const operation = { op: "set_check", table: "products", check: "Too cheap", filter: "price < 0.5", severity: "error", message: "Flour alone costs more." };
  await send(page, "commits", { message: "Check the prices", operations: [operation] });
  if (!javaScriptEnabled) {
    // Without the grid the row's form does the same, and the table tells it.
    await set(page, "A1", "price", "0.4");
    await page.goto("/local/bakery/tables/products");
    await expect(page.getByRole("row", { name: /A1/ })).toContainText("(Error: Flour alone costs more.)");
    return;
  }
  await page.goto("/local/bakery/tables/products");
  const grid = await Grid.on(page, "products");
  await grid.set(1, "price", "0.4");
  const cell = grid.cell(1, "price");
  await expect(grid.status).toHaveText("Saved to your draft. Error: Flour alone costs more.");
  await expect(cell).toHaveAttribute("aria-invalid", "true");
  await expect(cell).toHaveAttribute("title", /^Error: Flour alone costs more\. Not committed; before: /);
  await expectRight(page);
  // It is there again when the page is, and goes with what was wrong.
  await page.reload();
  await grid.ready();
  await expect(grid.cell(1, "price")).toHaveAttribute("aria-invalid", "true");
  await grid.set(1, "price", "0.6");
  await expect(grid.status).toHaveText("Saved to your draft");
  await expect(grid.cell(1, "price")).not.toHaveAttribute("aria-invalid", "true");
});

test("a request waits for what other systems say", async ({ page }) => {
  await send(page, "branches", { name: "prices" });
  const operations = [{ op: "update", table: "products", key: "A1", values: { price: "2.75" } }];
  await send(page, "commits", { branch: "prices", message: "Dearer", operations });
  await send(page, "merge-requests", { title: "Prices of autumn", source_branch: "prices" });

  await page.goto("/local/bakery/branches");
  await page.getByText("Set rules for a branch…").click();
  await page.getByLabel("Approvals that a request needs").fill("0");
  await page.getByLabel("Statuses that must have succeeded").fill("ci/totals");
  await page.getByLabel("Warnings of checks stop a request as well").check();
  await page.getByRole("button", { name: "Set the rules" }).click();
  await expect(page.getByText("must have succeeded: ci/totals; no warnings")).toBeVisible();
  await expectRight(page);

  await page.goto("/local/bakery/requests/1");
  await expect(page.getByText("“main” asks that “ci/totals” succeeds: nothing was said about it yet.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Merge into main" })).toHaveCount(0);
  await page.getByRole("navigation", { name: "Merge request", exact: true }).getByRole("link", { name: "Checks" }).click();
  await expect(page.getByRole("row", { name: /ci\/totals/ })).toContainText("Missing");
  await expect(page.getByText("No rule would be broken")).toBeVisible();
  await expectRight(page);

  const request = await page.request.get("/api/v1/datasets/local/bakery/merge-requests/1");
  const { head } = (await request.json()) as { head: string };
  const url = "https://ci.example/runs/1";
  await send(page, "statuses", { commit: head, context: "ci/totals", state: "success", description: "All add up", url });
  await page.reload();
  await expect(page.getByRole("row", { name: /ci\/totals/ })).toContainText("All add up");
  await expect(page.getByRole("link", { name: "Details of ci/totals" })).toHaveAttribute("rel", "nofollow noopener");
  await expectRight(page);
  await page.goto("/local/bakery/requests/1");
  await page.getByRole("button", { name: "Merge into main" }).click();
  await expect(page.getByText("Merged", { exact: true })).toBeVisible();
  await page.goto(`/local/bakery/commits/${head}`);
  await expect(page.getByRole("heading", { name: "Statuses" })).toBeVisible();
  await expectRight(page);
});
