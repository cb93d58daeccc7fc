import { expectAccessible } from "../support/accessible";
import { PRODUCTS } from "../support/data";
import { newDataset, upload } from "../support/steps";
import { expect, status, test } from "../support/test";

test("a file is imported with what was found in it corrected", async ({ page, server }) => {
  await newDataset(page, "bakery");
  await upload(page, "/local/bakery", "products", await server.file("products.csv", PRODUCTS));

  await expect(page.getByRole("heading", { name: "Columns" })).toBeVisible();
  await expect(page.getByText("Waiting for you")).toBeVisible();
  await expect(page.getByLabel("Name of column 1")).toHaveValue("sku");
  const found = ["text", "text", "decimal", "integer", "boolean", "date"];
  for (const [index, type] of found.entries()) {
    await expect(page.getByLabel(`Type of column ${index + 1}`)).toHaveValue(type);
  }
  await expect(page.getByLabel("Key: column 1")).toBeChecked();
  const preview = page.getByRole("region", { name: "First rows of the file" });
  await expect(preview.getByRole("row", { name: /A4 Spelt loaf 2.15 65/ })).toBeVisible();
  await expectAccessible(page);

  await page.getByLabel("Type of column 4").selectOption("decimal");
  await page.getByLabel("Name of column 2").fill("product");
  await page.getByLabel("Key: column 1").uncheck();
  await page.getByLabel("Key: column 2").check();
  await page.getByLabel("Leave out column 5").check();
  await page.getByLabel("Message").fill("Bring in the price list");
  await page.getByRole("button", { name: "Import 5 rows" }).click();

  await expect(page.getByText("5 rows imported and committed.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "See what changed" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Bring in the price list" })).toBeVisible();
  await expect(page.getByText("New table")).toBeVisible();
  await page.getByRole("main").getByRole("link", { name: "products" }).click();

  // The key comes first, and rows stand in its order.
  const heads = page.getByRole("columnheader");
  await expect(heads).toHaveText([/product.*text, key/, /sku.*text/, /price.*decimal/, /stock.*decimal/, /listed.*date/]);
  await expect(page.getByRole("row").nth(1)).toContainText("Poppy roll");
  await expect(page.getByRole("row").nth(5)).toContainText("Wheat loaf");
});

test("choices that can't be are refused where they were made", async ({ page, server, complaints }) => {
  complaints.expect(status(422));
  await newDataset(page, "bakery");
  await upload(page, "/local/bakery", "products", await server.file("products.csv", PRODUCTS));
  await page.getByLabel("Name of column 3").fill("sku");
  await page.getByLabel("Message").fill("Twice the same name");
  await page.getByRole("button", { name: "Import 5 rows" }).click();

  await expect(page).toHaveTitle(/^Error: /);
  await expect(page.getByRole("alert")).toContainText("Another column has this name.");
  const name = page.getByLabel("Name of column 3");
  await expect(name).toHaveValue("sku");
  await expect(name).toHaveAttribute("aria-invalid", "true");
  await expect(name).toHaveAccessibleDescription("Another column has this name.");
  await expect(page.getByLabel("Message")).toHaveValue("Twice the same name");
  await expectAccessible(page);

  await name.fill("price");
  await page.getByRole("button", { name: "Import 5 rows" }).click();
  await expect(page.getByText("5 rows imported and committed.")).toBeVisible();
});

test("a form without a name or a file is shown again with what was typed", async ({ page, server, complaints }) => {
  complaints.expect(status(422));
  await newDataset(page, "bakery");
  await server.import("local/bakery", "products", PRODUCTS);
  await upload(page, "/local/bakery", "products", await server.file("again.csv", PRODUCTS));
  await expect(page.getByRole("alert")).toContainText("There is a table “products” already.");
  await expect(page.getByRole("textbox", { name: "Table" })).toHaveValue("products");
  await expectAccessible(page);

  await page.goto("/new");
  await page.getByLabel("Name").fill("Not A Name");
  await page.getByLabel("Description").fill("Kept");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await expect(page.getByLabel("Name")).toHaveValue("Not A Name");
  await expect(page.getByLabel("Name")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByLabel("Description")).toHaveValue("Kept");
  await expectAccessible(page);
});

test("every bad value of a file is named, and nothing is committed", async ({ page, server }) => {
  await newDataset(page, "bakery");
  const file = "id,name,price\n1,Rye,2.50\n2,\"Two\nlines\",cheap\n3,Spelt,1.9\n4,Poppy,n/a\n";
  await upload(page, "/local/bakery", "products", await server.file("bad.csv", file));
  await page.getByLabel("Type of column 3").selectOption("decimal");
  await page.getByRole("button", { name: "Import 4 rows" }).click();

  await expect(page.getByRole("alert")).toContainText("Nothing was imported");
  await expect(page.getByRole("heading", { name: "2 problems" })).toBeVisible();
  const rows = page.getByRole("region", { name: "Problems" }).getByRole("row");
  // A value counts for the line on which its row begins.
  await expect(rows.nth(1).getByRole("cell")).toHaveText(["3", "price", "cheap", /not a decimal number/]);
  await expect(rows.nth(2).getByRole("cell")).toHaveText(["6", "price", "n/a", /not a decimal number/]);
  await expectAccessible(page);

  await page.getByRole("link", { name: "To the dataset" }).click();
  await expect(page.getByRole("heading", { name: "No tables yet" })).toBeVisible();
  await page.getByRole("link", { name: "History" }).click();
  await expect(page.getByText("Nothing has been committed yet.")).toBeVisible();
});

test("rows that are too short or never end are named before anything is asked", async ({ page, server }) => {
  await newDataset(page, "bakery");
  await upload(page, "/local/bakery", "ragged", await server.file("ragged.csv", "a,b,c\n1,2,3\n4,5\n6,7,8,9\n"));
  await expect(page.getByRole("alert")).toContainText("Nothing was imported");
  const rows = page.getByRole("region", { name: "Problems" }).getByRole("row");
  await expect(rows.nth(1)).toContainText("3");
  await expect(rows.nth(2)).toContainText("4");
  await upload(page, "/local/bakery", "open", await server.file("open.csv", 'a,b\n1,"never closed\n2,3\n'));
  await expect(page.getByRole("alert")).toContainText("Nothing was imported");
  await expect(page.getByRole("region", { name: "Problems" })).toContainText(/quot/);
});

test("other delimiters, encodings and line ends are understood", async ({ page, server }) => {
  await newDataset(page, "places");
  const latin = Buffer.from("ort;höhe\r\nKöln;37,5\r\nMünchen;520\r\n", "latin1");
  await upload(page, "/local/places", "latin", await server.file("latin.csv", latin));
  await expect(page.getByText("windows-1252")).toBeVisible();
  await expect(page.getByText("semicolon")).toBeVisible();
  await expect(page.getByLabel("Name of column 2")).toHaveValue("höhe");
  await page.getByRole("button", { name: "Import 2 rows" }).click();
  await page.getByRole("link", { name: "Open the table" }).click();
  await expect(page.getByRole("row", { name: /München/ })).toBeVisible();

  const marked = "\uFEFFid\tname\n1\t\"a \"\"quoted\"\" name\"\n2\t\"two\nlines\"\n";
  await upload(page, "/local/places", "marked", await server.file("marked.tsv", marked));
  await expect(page.getByLabel("Name of column 1")).toHaveValue("id");
  await expect(page.getByRole("main")).toContainText("tab");
  await page.getByRole("button", { name: "Import 2 rows" }).click();
  await page.getByRole("link", { name: "Open the table" }).click();
  await expect(page.getByRole("row", { name: /a "quoted" name/ })).toBeVisible();
});

test("a file for a table that is there begins with its types and its key", async ({ page, server }) => {
  await server.import("local/bakery", "products", "sku,stock,price\n0a,x,1.50\n0b,y,2.75\n");
  const into = async (mode: string, content: string) => {
    await page.goto("/local/bakery/import");
    await page.getByRole("textbox", { name: "Table" }).fill("products");
    await page.getByLabel(mode).check();
    await page.getByLabel("File", { exact: true }).setInputFiles(await server.file("next.csv", content));
    await page.getByRole("button", { name: "Upload and inspect" }).click();
    await expect(page.getByText("Waiting for you")).toBeVisible();
  };
  // Whole numbers only, and “note” is the first column that could be a key.
  const next = "note,sku,stock,price\n1,7,5,3\n2,8,6,4\n";
  await into("The new state of a table", next);
  const types = page.getByRole("combobox");
  await expect(types).toHaveCount(4);
  for (const [place, type] of ["integer", "text", "text", "decimal"].entries()) {
    await expect(types.nth(place)).toHaveValue(type);
  }
  await expect(page.getByLabel("Key: column 1")).not.toBeChecked();
  await expect(page.getByLabel("Key: column 2")).toBeChecked();
  await expectAccessible(page);
  await types.nth(2).selectOption("integer");
  await page.getByRole("button", { name: "Import 2 rows" }).click();
  await page.getByRole("link", { name: "Open the table" }).click();
  const heads = page.getByRole("columnheader");
  await expect(heads).toHaveText([/sku.*text, key/, /note.*integer/, /stock.*integer/, /price.*decimal/]);

  await into("More rows for a table", "sku,stock,price\n9,many,5\n");
  await expect(page.getByRole("combobox")).toHaveCount(0);
  const second = page.getByRole("row").filter({ has: page.getByLabel("Name of column 2") });
  await expect(second).toContainText("integer");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Import 1 row" }).click();
  await expect(page.getByRole("alert")).toContainText("Nothing was imported");
  await expect(page.getByRole("region", { name: "Problems" }).getByRole("row").nth(1)).toContainText("many");
});

test("a file that replaces a table is committed as the difference", async ({ page, server }) => {
  await server.import("local/bakery", "products", PRODUCTS);
  const next = PRODUCTS.replace("1.25", "1.45").replace(/A5.*\n/, "").concat("A6,Brioche,1.95,40,true,2026-04-01\n");
  await page.goto("/local/bakery/import");
  await page.getByRole("textbox", { name: "Table" }).fill("products");
  await page.getByLabel("The new state of a table").check();
  await page.getByLabel("File", { exact: true }).setInputFiles(await server.file("next.csv", next));
  await page.getByRole("button", { name: "Upload and inspect" }).click();
  await page.getByRole("button", { name: "Import 5 rows" }).click();
  await page.getByRole("link", { name: "See what changed" }).click();
  const rows = page.getByRole("region", { name: "Changes of products" }).getByRole("row");
  await expect(rows).toHaveCount(4);
  await expect(rows.filter({ hasText: "changed" }).locator("del")).toHaveText("1.25");
  await expect(rows.filter({ hasText: "changed" }).locator("ins")).toHaveText("1.45");
  await expect(rows.filter({ hasText: "removed" })).toContainText("Poppy roll");
  await expect(rows.filter({ hasText: "added" })).toContainText("Brioche");
  await expectAccessible(page);
});

test("an import that was cancelled leaves nothing", async ({ page, server }) => {
  await newDataset(page, "bakery");
  await upload(page, "/local/bakery", "products", await server.file("products.csv", PRODUCTS));
  await page.getByRole("button", { name: "Cancel the import" }).click();
  await expect(page.getByText("The import was cancelled. Nothing was saved.")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "To the dataset" }).click();
  await expect(page.getByRole("heading", { name: "No tables yet" })).toBeVisible();
  await expect(page.getByText("Import of products")).toHaveCount(0);
});
