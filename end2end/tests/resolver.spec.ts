import { PRODUCTS } from "../support/data";
import { check, makeAccount, setUp, signIn } from "../support/people";
import type { Server } from "../support/server";
import { expect, status, test, type Page } from "../support/test";

/** Sends to the API what other tests are about. */
async function send(page: Page, path: string, data: unknown, method = "POST"): Promise<void> {
  const answer = await page.request.fetch(`/api/v1/datasets/${path}`, { method, data });
  expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
}

/** A commit that changes a cell of each row. */
async function change(page: Page, dataset: string, branch: string, table: string, cells: [string, object][]): Promise<void> {
  const operations = cells.map(([key, values]) => ({ op: "update", table, key, values }));
  await send(page, `${dataset}/commits`, { branch, message: `Change ${table} on ${branch}`, operations });
}

const conflict = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

const decided = (page: Page) => page.getByText(/conflicts? decided$/);

/** What is typed instead of either side. */
const other = (page: Page, name: string) => conflict(page, name).getByLabel("Another value");

test.describe("10,000 conflicts", () => {
  const MANY = 10_000;
  /** Conflicts on a page. */
  const PAGE = 25;

  const value = (page: Page, id: number) => conflict(page, `value of row ${id} in readings`);
  const shown = (page: Page) => page.locator("main .conflict");

  /** A table of which both branches change every row. */
  async function measureAgain(page: Page, server: Server): Promise<void> {
    const rows = Array.from({ length: MANY }, (_, index) => index + 1);
    await server.import("local/lab", "readings", ["id,value", ...rows.map((id) => `${id},${id}`)].join("\n"));
    await send(page, "local/lab/branches", { name: "again" });
    for (const branch of ["again", "main"]) {
      const cells = rows.map((id): [string, object] => [String(id), { value: branch === "main" ? -id : id + MANY }]);
      await change(page, "local/lab", branch, "readings", cells);
    }
    await send(page, "local/lab/merge-requests", { title: "Measured again", source_branch: "again" });
  }

  /** However many there are, a page has few of them. */
  async function expectSmall(page: Page): Promise<void> {
    await expect(shown(page)).toHaveCount(PAGE);
    expect(await page.locator("main *").count()).toBeLessThan(3_000);
  }

  test("are walked through, and decided one by one and at once", async ({ page, server }) => {
    test.slow();
    await measureAgain(page, server);

    await page.goto("/local/lab/requests/1");
    await page.getByRole("link", { name: "10,000 things to decide" }).click();
    await expect(decided(page)).toHaveText("0 of 10,000 conflicts decided");
    await expect(page.getByRole("row", { name: /^readings/ })).toContainText("10,000");
    await expectSmall(page);
    await check(page);

    await value(page, 1).getByRole("button", { name: "As offered" }).click();
    await expect(decided(page)).toHaveText("1 of 10,000 conflicts decided");
    await expect(value(page, 1)).toHaveCount(0);
    await expectSmall(page);

    // Page by page, in the order of the keys, also where it is far.
    await expect(value(page, 26)).toBeVisible();
    await page.getByRole("link", { name: "More conflicts" }).click();
    await expect(value(page, 27)).toBeVisible();
    await expectSmall(page);
    await page.getByRole("link", { name: "Earlier conflicts" }).click();
    await expect(value(page, 2)).toBeVisible();
    await page.goto(`/local/lab/requests/1/conflicts?offset=${MANY - PAGE - 1}`);
    await expect(value(page, MANY)).toBeVisible();
    await expect(page.getByRole("link", { name: "More conflicts" })).toHaveCount(0);
    await expectSmall(page);

    // All but what is decided already; which stays.
    await page.getByRole("button", { name: "As on main: all of readings" }).click();
    await expect(decided(page)).toHaveText("10,000 of 10,000 conflicts decided");
    await expect(page.getByText("Everything is decided.")).toBeVisible();
    await expect(shown(page)).toHaveCount(0);
    await page.goto("/local/lab/requests/1/conflicts?all=1");
    await expectSmall(page);
    await expect(value(page, 1)).toContainText("Decided as offered, by local");
    await expect(value(page, 2)).toContainText("Decided as on main, by a rule of local");
    await page.goto("/local/lab/requests/1");
    await page.getByRole("button", { name: "Merge into main" }).click();
    await expect(page.getByText("Its changes are in main in commit")).toBeVisible();
    for (const [id, cell] of [[1, MANY + 1], [2, -2], [MANY, -MANY]]) {
      await page.goto(`/local/lab/tables/readings/rows/${id}`);
      await expect(page.getByLabel("value")).toHaveValue(String(cell));
    }
  });

  test("are decided by keys, and the page stays as small @script", async ({ page, server }) => {
    test.slow();
    await measureAgain(page, server);
    await page.goto("/local/lab/requests/1/conflicts");
    await page.evaluate(() => Object.assign(window, { same: true }));
    await page.getByRole("button", { name: "Decide by keys" }).click();
    for (const [id, key] of ["t", "o", "b", "t"].entries()) {
      await expect(value(page, id + 1)).toBeFocused();
      await page.keyboard.press(key);
      await expect(decided(page)).toHaveText(`${id + 1} of 10,000 conflicts decided`);
    }
    await expect(value(page, 5)).toBeFocused();
    await expectSmall(page);
    await page.keyboard.press("u");
    await expect(decided(page)).toHaveText("3 of 10,000 conflicts decided");
    await expect(value(page, 4)).toBeFocused();
    await page.getByRole("button", { name: "As offered: column value of readings" }).click();
    await expect(decided(page)).toHaveText("10,000 of 10,000 conflicts decided");
    await expect(page.getByRole("status")).toHaveText("Saved: 10,000 of 10,000");
    expect(await page.evaluate(() => "same" in window), "the page was never left").toBe(true);
  });
});

test.describe("two people", () => {
  const RESOLVER = "/ada/bakery/requests/1/conflicts";
  const price = (key: string) => `price of row ${key} in products`;

  /** Ada and Bob in front of the conflicts of one request. */
  async function open(page: Page, server: Server, otherWindow: () => Promise<Page>): Promise<Page> {
    await server.import("local/bakery", "products", PRODUCTS);
    await setUp(page, server, "ada");
    await makeAccount(page, "bob");
    await send(page, "ada/bakery/members/bob", { role: "writer" }, "PUT");
    await send(page, "ada/bakery/branches", { name: "prices" });
    const cells = (price: string) => ["A1", "A2", "A3"].map((key): [string, object] => [key, { price }]);
    await change(page, "ada/bakery", "prices", "products", cells("3.30"));
    await change(page, "ada/bakery", "main", "products", cells("2.20"));
    await send(page, "ada/bakery/merge-requests", { title: "New prices", source_branch: "prices" });
    const bob = await otherWindow();
    await signIn(bob, "bob");
    for (const window of [page, bob]) {
      await window.goto(RESOLVER);
      await expect(decided(window)).toHaveText("0 of 3 conflicts decided");
    }
    return bob;
  }

  test("are told of each other's decisions before they replace them", async ({ page, server, otherWindow, complaints }) => {
    test.slow();
    complaints.expect(status(409));
    const bob = await open(page, server, otherWindow);
    // Bob is in the middle of it: nothing of it changes under his hands.
    await other(bob, price("A1")).fill("2.75");
    await conflict(page, price("A1")).getByRole("button", { name: "As offered" }).click();
    await expect(decided(page)).toHaveText("1 of 3 conflicts decided");
    await conflict(bob, price("A1")).getByRole("button", { name: "Take this value" }).click();

    const disputed = conflict(bob, price("A1"));
    await expect(bob.getByRole("alert")).toContainText("ada decided this meanwhile");
    await expect(disputed).toContainText("ada has chosen “As offered” meanwhile. You chose “2.75”, which was not saved");
    await expect(disputed).toContainText("Decided as offered, by ada");
    await expect(other(bob, price("A1"))).toHaveValue("2.75");
    await check(bob);
    await page.reload();
    await expect(decided(page)).toHaveText("1 of 3 conflicts decided");

    await disputed.getByRole("button", { name: "Take this value" }).click();
    await expect(bob.getByRole("alert")).toHaveCount(0);
    await page.goto(`${RESOLVER}?all=1`);
    await expect(conflict(page, price("A1"))).toContainText("Decided “2.75”, by bob");
  });

  test("see at once what the other decides @script", async ({ page, server, otherWindow, complaints }) => {
    test.slow();
    complaints.expect(status(409));
    const bob = await open(page, server, otherWindow);
    await bob.evaluate(() => Object.assign(window, { same: true }));
    const typed = other(bob, price("A3"));
    await typed.pressSequentially("2.7");

    // One, while Bob types.
    await conflict(page, price("A2")).getByRole("button", { name: "As on main" }).click();
    await expect(bob.getByRole("status")).toHaveText("ada decided 1 conflict");
    await expect(decided(bob)).toHaveText("1 of 3 conflicts decided");
    await expect(conflict(bob, price("A2"))).toHaveCount(0);
    await expect(typed).toBeFocused();
    await bob.keyboard.type("5");
    await expect(typed).toHaveValue("2.75");

    // The rest, with what Bob is in the middle of: it stays, with a word.
    await page.getByRole("button", { name: "As offered: all of products" }).click();
    await expect(bob.getByRole("status")).toHaveText("ada decided 2 conflicts");
    await expect(decided(bob)).toHaveText("3 of 3 conflicts decided");
    await expect(conflict(bob, price("A1"))).toHaveCount(0);
    await expect(conflict(bob, price("A3"))).toContainText("Decided as offered, by a rule of ada");
    await expect(typed).toBeFocused();
    await expect(typed).toHaveValue("2.75");
    await check(bob);
    await bob.keyboard.press("Enter");
    const disputed = conflict(bob, price("A3"));
    await expect(disputed).toContainText("ada has chosen “As offered” meanwhile, for many at once. You chose “2.75”");
    await disputed.getByRole("button", { name: "Take this value" }).click();

    // Ada hears of that, whose keyboard is nowhere.
    await expect(page.getByRole("status")).toHaveText("bob changed what is decided");
    expect(await bob.evaluate(() => "same" in window), "the page was never left").toBe(true);

    // Taken back, it is open for both.
    await page.goto(`${RESOLVER}?all=1`);
    await conflict(page, price("A3")).getByRole("button", { name: "Take back" }).click();
    await expect(page.getByRole("status")).toHaveText(/^Saved/);
    await expect(bob.getByRole("status")).toHaveText("ada changed what is decided");
  });
});
