import { PRODUCTS } from "../support/data";
import { Grid } from "../support/grid";
import { expect, NO_ANSWER, status, test } from "../support/test";

const TABLE = "/local/bakery/tables/products";
const WAITING = "Not saved: the server does not answer. Trying again…";

test.describe("a server that is killed in mid-edit", { tag: "@script" }, () => {
  let grid: Grid;

  test.beforeEach(async ({ page, server, complaints }) => {
    complaints.expect(NO_ANSWER);
    await server.import("local/bakery", "products", PRODUCTS);
    await page.goto(TABLE);
    grid = await Grid.on(page, "products");
    await grid.set(1, "price", "2.65");
    await grid.expectSaved();
  });

  test("nothing typed is lost: not before, not while it is away, not in the open cell", async ({ page, server }) => {
    await server.kill();
    await grid.set(2, "price", "1.45");
    await expect(grid.status).toHaveText(WAITING);
    await expect(grid.cell(2, "price")).toHaveAccessibleDescription("Not saved yet.");
    await grid.set(3, "name", "Sour rye");
    await page.getByRole("button", { name: "Add row" }).click();
    await grid.enter("A9", "Tab");
    await grid.enter("Late loaf", "Enter");
    await grid.select(4, "stock");
    await page.keyboard.type("66");

    await server.restart();
    await grid.expectSaved();
    await expect(grid.editor).toHaveValue("66");
    await grid.press("Enter");
    await expect(grid.cell(4, "stock")).toHaveText("66");
    await grid.expectSaved();
    await expect(grid.notices).toHaveCount(0);

    await page.reload();
    await grid.ready();
    await expect(grid.cell(1, "price")).toHaveText("2.65");
    await expect(grid.cell(2, "price")).toHaveText("1.45");
    await expect(grid.cell(3, "name")).toHaveText("Sour rye");
    await expect(grid.cell(4, "stock")).toHaveText("66");
    await expect(grid.row(6)).toContainText("A9Late loaf");
    await page.getByRole("link", { name: "Review and commit" }).click();
    await page.getByLabel("Message").fill("All of it");
    await page.getByRole("button", { name: "Commit 5 changed rows" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "All of it" })).toBeVisible();
  });

  test("an edit whose answer was lost is not made twice and is no conflict", async ({ page, server }) => {
    // The server takes the edit; what it says does not arrive any more.
    await page.route("**/grid/edit", async (route) => {
      await route.fetch();
      await server.kill();
      await route.abort("connectionreset");
    }, { times: 1 });
    await grid.set(2, "price", "1.45");
    await expect(grid.status).toHaveText(WAITING);
    await server.restart();
    await grid.expectSaved();
    await expect(grid.notices).toHaveCount(0);
    await page.goto("/local/bakery/draft");
    await expect(page.locator("ins")).toHaveText(["2.65", "1.45"]);
  });

  test("a page that is loaded again while the server is away sends what it had", async ({ page, server }) => {
    await server.kill();
    await grid.set(2, "price", "1.45");
    await expect(grid.status).toHaveText(WAITING);
    await page.reload().catch(() => {});
    await server.restart();
    await page.goto(TABLE);
    await grid.ready();
    await grid.expectSaved();
    await expect(grid.cell(2, "price")).toHaveText("1.45");
    await page.goto("/local/bakery/draft");
    await expect(page.locator("ins")).toHaveText(["2.65", "1.45"]);
  });

  test("another window sends what a closed one left behind", async ({ page, context, server }) => {
    await server.kill();
    await grid.set(2, "price", "1.45");
    await expect(grid.status).toHaveText(WAITING);
    await page.close();
    await server.restart();
    // Windows that are gone are known by their silence: a minute later by the clock.
    const later = await context.newPage();
    await later.clock.install({ time: Date.now() + 60_000 });
    await later.goto(TABLE);
    const second = await Grid.on(later, "products");
    await later.clock.runFor(1_000);
    await second.expectSaved();
    await expect(second.cell(2, "price")).toHaveText("1.45");
  });

  test("a form says that the server is away by the browser's own page, and works once it is back", async ({ page, server, complaints }) => {
    complaints.expect(status(503));
    await page.goto("/local/bakery/draft");
    await page.getByLabel("Message").fill("Rye");
    await server.kill();
    await server.restart();
    await page.getByRole("button", { name: "Commit 1 changed row" }).click();
    await expect(page.getByRole("heading", { level: 1, name: "Rye" })).toBeVisible();
  });
});
