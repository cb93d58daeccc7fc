import { expectAccessible } from "../support/accessible";
import { manyRows, PRODUCTS } from "../support/data";
import { expect, status, test } from "../support/test";

// The whole of the main job by links and forms alone.

test("a table is brought in, corrected, edited, committed and looked at", { tag: "@forms" }, async ({ page, server, complaints }) => {
  complaints.expect(status(422));
  await page.goto("/");
  await page.getByRole("link", { name: "Create the first dataset" }).click();
  await page.getByLabel("Name").fill("bakery");
  await page.getByLabel("Title").fill("Bakery price list");
  await page.getByLabel("Description").fill("What we sell.");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await page.getByRole("main").getByRole("link", { name: "Import a file" }).first().click();
  await page.getByRole("textbox", { name: "Table" }).fill("products");
  await page.getByLabel("File", { exact: true }).setInputFiles(await server.file("products.csv", PRODUCTS));
  await page.getByRole("button", { name: "Upload and inspect" }).click();
  await page.getByLabel("Type of column 4").selectOption("decimal");
  await page.getByRole("button", { name: "Import 5 rows" }).click();
  await page.getByRole("link", { name: "Open the table" }).click();

  // A row is found in the table, changed in a form, and refused with what was typed.
  await page.getByRole("link", { name: "A2" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Row A2" })).toBeVisible();
  await page.getByLabel("price").fill("cheap");
  await page.getByLabel("name").fill("Wheat loaf, large");
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await expect(page).toHaveTitle(/^Error: /);
  await expect(page.getByLabel("price")).toHaveValue("cheap");
  await expect(page.getByLabel("price")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("price")).toHaveAccessibleDescription(/not a decimal number/);
  await expect(page.getByLabel("name")).toHaveValue("Wheat loaf, large");
  await expectAccessible(page);
  await page.getByRole("alert").getByRole("link").click();
  await expect(page.getByLabel("price")).toBeInViewport();
  await page.getByLabel("price").fill("1.35");
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await expect(page.getByRole("main").getByText("Saved to your draft.")).toBeVisible();
  await expect(page.getByText("Changed in your draft")).toBeVisible();
  await expect(page.getByText("Committed: 1.25")).toBeVisible();
  await expectAccessible(page);

  // A row is added, another one taken out.
  await page.getByRole("main").getByRole("link", { name: "Back to the table" }).first().click();
  await expect(page.getByRole("row", { name: /A2/ })).toContainText("1.35 (not committed)");
  await page.getByRole("link", { name: "New row" }).click();
  await page.getByLabel("sku").fill("A0");
  await page.getByLabel("name").fill("Baguette");
  await page.getByLabel("organic").selectOption("true");
  await page.getByLabel("listed").fill("2026-04-01");
  await page.getByRole("button", { name: "Add to your draft" }).click();
  await expect(page.getByText("New in your draft")).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "Back to the table" }).first().click();
  await page.getByRole("link", { name: "A5" }).click();
  await page.getByText("Delete the row…").click();
  await page.getByRole("button", { name: "Delete the row" }).click();
  await expect(page.getByRole("row")).toHaveCount(6);
  await expect(page.getByRole("main")).not.toContainText("Poppy roll");

  // The draft shows it all; a commit needs its reason.
  await page.getByRole("link", { name: "Review and commit" }).click();
  const changes = page.getByRole("region", { name: "Changes of products" }).getByRole("row");
  await expect(changes).toHaveCount(4);
  await expect(changes.filter({ hasText: "added" })).toContainText("Baguette");
  await expect(changes.filter({ hasText: "removed" })).toContainText("Poppy roll");
  await expect(changes.filter({ hasText: "changed" }).locator("del")).toHaveText(["Wheat loaf", "1.25"]);
  await page.getByLabel("Message").fill("   ");
  await page.getByRole("button", { name: "Commit 3 changed rows" }).click();
  await expect(page.getByLabel("Message")).toHaveAttribute("aria-invalid", "true");
  await expectAccessible(page);
  await page.getByLabel("Message").fill("Change the assortment");
  await page.getByRole("button", { name: "Commit 3 changed rows" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Change the assortment" })).toBeVisible();
  await expect(changes).toHaveCount(4);
  await expect(changes.filter({ hasText: "changed" }).locator("ins")).toHaveText(["Wheat loaf, large", "1.35"]);
  await expectAccessible(page);

  await page.getByRole("link", { name: "bakery" }).click();
  await page.getByRole("link", { name: "History" }).click();
  await expect(page.getByRole("main").getByRole("listitem").filter({ hasText: "local" })).toHaveCount(2);
  await page.getByRole("link", { name: /^Import products/ }).click();
  await expect(page.getByText("New table")).toBeVisible();
});

test("a draft is discarded, after a second thought", async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  await page.goto("/local/bakery/tables/products/rows/A2");
  await page.getByLabel("price").fill("9.99");
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await page.goto("/local/bakery");
  await page.getByRole("link", { name: "Draft (1)" }).click();
  await expect(page.getByRole("button", { name: "Discard all my changes" })).toBeHidden();
  await page.getByText("Discard the draft…").click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Discard all my changes" }).click();
  await page.getByRole("link", { name: "Draft", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Nothing to commit" })).toBeVisible();
  await page.goto("/local/bakery/tables/products");
  await expect(page.getByRole("row", { name: /A2/ })).toContainText("1.25");
});

test("two forms for one row: the second is told what changed, and loses nothing", async ({ page, server, otherWindow, complaints }) => {
  complaints.expect(status(409));
  await server.import("local/bakery", "products", PRODUCTS);
  const other = await otherWindow();
  for (const window of [page, other]) await window.goto("/local/bakery/tables/products/rows/A2");
  await other.getByLabel("price").fill("1.35");
  await other.getByLabel("stock").fill("100");
  await other.getByRole("button", { name: "Save to your draft" }).click();
  await page.getByLabel("price").fill("1.99");
  await page.getByRole("button", { name: "Save to your draft" }).click();

  await expect(page.getByText("Meanwhile this cell became: 1.35")).toBeVisible();
  await expect(page.getByLabel("price")).toHaveValue("1.99");
  await expect(page.getByLabel("stock")).toHaveValue("100");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await expect(page.getByRole("main").getByText("Saved to your draft.")).toBeVisible();
  await expect(page.getByLabel("price")).toHaveValue("1.99");
  await expect(page.getByLabel("stock")).toHaveValue("100");
});

test("a commit of a draft that has changed meanwhile is refused, with the message kept", async ({ page, server, otherWindow, complaints }) => {
  complaints.expect(status(409));
  await server.import("local/bakery", "products", PRODUCTS);
  const other = await otherWindow();
  const change = async (price: string) => {
    await other.goto("/local/bakery/tables/products/rows/A2");
    await other.getByLabel("price").fill(price);
    await other.getByRole("button", { name: "Save to your draft" }).click();
    await expect(other.getByRole("main").getByText("Saved to your draft.")).toBeVisible();
  };
  await change("1.35");
  await page.goto("/local/bakery/draft");
  await page.getByLabel("Message").fill("Dearer");
  await change("1.45");
  await page.getByRole("button", { name: "Commit 1 changed row" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.locator("ins")).toHaveText("1.45");
  await expect(page.getByLabel("Message")).toHaveValue("Dearer");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Commit 1 changed row" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Dearer" })).toBeVisible();
});

test("a table is leafed through, to any row", { tag: "@forms" }, async ({ page, server }) => {
  await server.import("local/big", "rows", manyRows(1_234));
  await page.goto("/local/big/tables/rows");
  const rows = page.getByRole("row");
  await expect(rows).toHaveCount(101);
  await expect(page.getByText("Rows 1 to 100 of 1,234")).toBeVisible();
  await expect(page.getByRole("link", { name: "Previous" })).toHaveCount(0);
  await page.getByRole("link", { name: "Next" }).click();
  await expect(rows.nth(1)).toContainText("Name 101");
  await page.getByRole("link", { name: "Last" }).click();
  await expect(page.getByText("Rows 1,201 to 1,234 of 1,234")).toBeVisible();
  await expect(rows.last()).toContainText("Name 1234");
  await expect(page.getByRole("link", { name: "Next" })).toHaveCount(0);
  await page.getByRole("link", { name: "Previous" }).click();
  await expect(rows.nth(1)).toContainText("Name 1101");
  await page.getByLabel("Go to row").fill("777");
  await page.getByRole("button", { name: "Go" }).click();
  await expect(rows.nth(1)).toContainText("Name 777");
  await page.getByRole("link", { name: "First" }).click();
  await expect(rows.nth(1)).toContainText("Name 1");
  await expectAccessible(page);
});
