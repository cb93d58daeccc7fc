import { expectAccessible, expectNoOverflow, expectWellFormed } from "../support/accessible";
import { HOSTILE, PRODUCTS } from "../support/data";
import { expect, status, test, type Page } from "../support/test";

/** What every page must be: right in itself, for everybody, on a phone. */
async function expectRight(page: Page): Promise<void> {
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);
}

test.beforeEach(async ({ server }) => {
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
});

test("a table is made, and its columns are changed", async ({ page, complaints }) => {
  test.slow();
  complaints.expect(status(422));
  await page.goto("/local/bakery");
  await page.getByRole("link", { name: "New table" }).click();
  await expectRight(page);
  await page.getByLabel("Name", { exact: true }).fill("suppliers");
  await page.getByLabel("What its rows are").fill("Who brings the flour");
  await page.getByLabel("Name of column 1", { exact: true }).fill("code");
  await page.getByLabel("Key: column 1", { exact: true }).check();
  await page.getByLabel("Name of column 5").fill("since");
  await page.getByLabel("Type of column 5").selectOption("date");
  // More rows, and nothing that was typed is lost.
  await page.getByRole("button", { name: "More columns" }).click();
  await expect(page.getByLabel("Name of column 10")).toBeVisible();
  await expect(page.getByLabel("Key: column 1", { exact: true })).toBeChecked();
  await expect(page.getByLabel("Type of column 5")).toHaveValue("date");
  await page.getByLabel("Name of column 6").fill("since");
  // The Enter key makes the table, it does not ask for more columns.
  await page.getByLabel("Name of column 6").press("Enter");
  await expect(page.getByRole("alert")).toContainText("There is a column “since” already.");
  await expect(page.getByLabel("Name of column 6")).toHaveAttribute("aria-invalid", "true");
  await expectRight(page);
  await page.getByLabel("Name of column 6").fill("town");
  await page.getByLabel("Required: column 6").check();
  await page.getByRole("button", { name: "Create the table" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "suppliers" })).toBeVisible();

  await page.getByRole("link", { name: "Columns", exact: true }).click();
  await expect(page.getByText("Who brings the flour").first()).toBeVisible();
  await expect(page.getByRole("row", { name: /^code/ })).toContainText("Part of the primary key");
  await expect(page.getByRole("row", { name: /^town/ })).toContainText("Must be filled in");
  await expectRight(page);

  // A link from one table to the other.
  await page.goto("/local/bakery/tables/products/columns");
  await page.getByLabel("Name", { exact: true }).fill("supplier");
  await page.getByLabel("Type", { exact: true }).selectOption("link");
  await page.getByRole("button", { name: "Add the column" }).click();
  await expect(page.getByRole("alert")).toContainText("A link needs a table to lead to.");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("supplier");
  await expectRight(page);
  await page.getByLabel("Leads to").selectOption("suppliers");
  await page.getByLabel("Place").selectOption({ label: "After name" });
  await page.getByRole("button", { name: "Add the column" }).click();
  await expect(page.getByRole("row", { name: /^supplier/ })).toContainText("link to suppliers");
  await expect(page.getByRole("row").nth(3)).toContainText("supplier");

  // Several changes of one column are one commit; what rows stand against names them.
  await page.getByRole("link", { name: "Change price" }).click();
  await expect(page.getByRole("heading", { name: "Change “price”" })).toBeVisible();
  await expectRight(page);
  await page.getByLabel("Name", { exact: true }).fill("price in crowns");
  await page.getByLabel("Smallest value").fill("1");
  await page.getByLabel("Description").fill("Without tax");
  await page.getByRole("button", { name: "Change the column" }).click();
  await expect(page.getByRole("alert")).toContainText("row A5: “price” must not be below 1");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("price in crowns");
  await page.getByLabel("Smallest value").fill("0.5");
  await page.getByLabel("Message of the commit").first().fill("Say what a price is");
  await page.getByRole("button", { name: "Change the column" }).click();
  const row = page.getByRole("row", { name: /^price in crowns/ });
  await expect(row).toContainText("At least 0.5");
  await expect(row).toContainText("Without tax");
  await page.goto("/local/bakery/history");
  await expect(page.getByText("Say what a price is")).toHaveCount(1);

  // Converted where it can be.
  await page.goto("/local/bakery/tables/products/columns?edit=name#set");
  await page.getByLabel("Type", { exact: true }).selectOption("integer");
  await page.getByRole("button", { name: "Change the column" }).click();
  await expect(page.getByRole("alert")).toContainText("5 cells or rows of “products” stand against it: row A1");
  await page.goto("/local/bakery/tables/products/columns?edit=stock#set");
  await page.getByLabel("Type", { exact: true }).selectOption("text");
  await page.getByRole("button", { name: "Change the column" }).click();
  await expect(page.getByRole("row", { name: /^stock/ })).toContainText("text");

  // Dropped, once that was said twice.
  await page.getByRole("link", { name: "Change stock" }).click();
  await page.getByText("Drop the column…").click();
  await expect(page.getByText("It takes 5 cells with it.")).toBeVisible();
  await expectRight(page);
  await page.getByRole("button", { name: "Drop the column" }).click();
  await expect(page.getByRole("row", { name: /^stock/ })).toHaveCount(0);

  await page.getByLabel("Name of the table").fill("breads");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page).toHaveURL(/tables\/breads\/columns/);
  await page.getByText("Drop the table…").click();
  await page.getByLabel("The table’s name, to be sure").fill("bread");
  await page.getByRole("button", { name: "Drop the table" }).click();
  await expect(page.getByRole("alert")).toContainText("Type breads to drop it.");
  await page.getByLabel("The table’s name, to be sure").fill("breads");
  await page.getByRole("button", { name: "Drop the table" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "bakery" })).toBeVisible();
  await expect(page.getByRole("link", { name: "suppliers", exact: true })).toBeVisible();
  await expect(page.getByRole("link", { name: "breads", exact: true })).toHaveCount(0);
});

test("hostile names stay names", async ({ page }) => {
  for (const name of HOSTILE.filter((text) => text !== "." && text !== ".." && !text.includes("\n")).slice(0, 6)) {
    await page.goto("/local/bakery/tables/products/columns");
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Description").fill(name);
    await page.getByRole("button", { name: "Add the column" }).click();
    await page.getByRole("link", { name: `Change ${name}`, exact: true }).click();
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue(name);
    await expect(page.getByLabel("Description")).toHaveValue(name);
  }
  expect(await page.evaluate(() => "broken" in window)).toBe(false);
  await expectRight(page);
});
