import { expectAccessible, expectNoOverflow, expectWellFormed } from "../support/accessible";
import { PRODUCTS } from "../support/data";
import { expect, status, test } from "../support/test";

test("a dataset is forked, and each goes its own way", async ({ page, server, complaints }) => {
  complaints.expect(status(422));
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
  await page.goto("/local/bakery");
  await page.getByRole("link", { name: "Fork", exact: true }).click();
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);

  // A name that is taken is told, and nothing that was typed is lost.
  await page.getByLabel("Name").fill("bakery");
  await page.getByLabel("Title").fill("My bakery");
  await page.getByRole("button", { name: "Fork", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("bakery");
  await expect(page.getByLabel("Title")).toHaveValue("My bakery");
  await expectAccessible(page);
  await page.getByLabel("Name").fill("my-bakery");
  await page.getByRole("button", { name: "Fork", exact: true }).click();

  await expect(page.getByRole("heading", { level: 1, name: "My bakery" })).toBeVisible();
  await expect(page).toHaveURL("/local/my-bakery");
  await expectAccessible(page);
  await page.goto("/local/my-bakery/tables/products/rows/A2");
  await page.getByLabel("name").fill("Wheat loaf of the fork");
  await page.getByRole("button", { name: "Save to your draft" }).click();
  await page.goto("/local/my-bakery/draft");
  await page.getByLabel("Message").fill("Rename a loaf");
  await page.getByRole("button", { name: "Commit" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Rename a loaf" })).toBeVisible();

  await page.goto("/local/my-bakery/history");
  await expect(page.getByRole("main").getByRole("link", { name: "Add the price list" })).toBeVisible();
  await page.goto("/local/bakery/history");
  await expect(page.getByRole("main").getByRole("link", { name: "Rename a loaf" })).toHaveCount(0);
  await page.goto("/local/bakery/tables/products/rows/A2");
  await expect(page.getByLabel("name")).not.toHaveValue("Wheat loaf of the fork");

  await page.goto("/local/my-bakery");
  await page.getByRole("link", { name: "local/bakery", exact: true }).click();
  await expect(page).toHaveURL("/local/bakery");
});
