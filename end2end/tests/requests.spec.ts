import { expectAccessible, expectNoOverflow, expectWellFormed } from "../support/accessible";
import { HOSTILE, PRODUCTS, quoted } from "../support/data";
import { expect, status, test, type Page } from "../support/test";

/** What every page must be: right in itself, for everybody, on a phone. */
async function expectRight(page: Page): Promise<void> {
  await expectWellFormed(page);
  await expectAccessible(page);
  await expectNoOverflow(page);
}

/** Sends to the API what other tests are about. */
async function send(page: Page, path: string, data: unknown, dataset = "local/bakery"): Promise<void> {
  const answer = await page.request.post(`/api/v1/datasets/${dataset}/${path}`, { data });
  expect(answer.ok(), `${path}: ${await answer.text()}`).toBe(true);
}

/** A commit that changes cells of products: keys with what their cells get. */
async function change(page: Page, branch: string, rows: Record<string, object>): Promise<void> {
  const operations = Object.entries(rows).map(([key, values]) => ({ op: "update", table: "products", key, values }));
  await send(page, "commits", { branch, message: `Change ${Object.keys(rows).join(", ")} on ${branch}`, operations });
}

/** Proposes a branch of the bakery, and stays on the request's page. */
async function propose(page: Page, branch: string, title: string): Promise<void> {
  await page.goto("/local/bakery/branches");
  await page.getByRole("link", { name: `Propose ${branch}` }).click();
  await page.getByLabel("Title").fill(title);
  await page.getByRole("button", { name: "Open the merge request" }).click();
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
}

const tab = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Merge request", exact: true }).getByRole("link", { name });

const comment = (page: Page) => page.getByRole("textbox", { name: /^Comment/ });

const entry = (page: Page, text: string) => page.getByRole("listitem").filter({ hasText: text }).last();

const conflict = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

test.beforeEach(async ({ server }) => {
  await server.import("local/bakery", "products", PRODUCTS, "--message", "Add the price list");
});

test("a branch is proposed, discussed, improved and merged", async ({ page, complaints }) => {
  test.slow();
  complaints.expect(status(409), status(422));
  await send(page, "branches", { name: "prices" });
  await change(page, "prices", { A1: { price: "2.75" }, A2: { name: "Big wheat loaf" } });

  // From the list of what is offered, which is empty.
  await page.goto("/local/bakery");
  await page.getByRole("link", { name: "Merge requests" }).click();
  await expect(page.getByRole("heading", { name: "No open merge requests" })).toBeVisible();
  await expectRight(page);
  await page.getByRole("link", { name: "New merge request" }).click();
  await expectRight(page);

  // What can't be offered is told, and nothing that was typed is lost.
  await page.getByLabel("Title").fill("Prices of autumn");
  await page.getByLabel("Description").fill("# Why\n\nFlour is **dearer**, see [the list](https://example.org).");
  await page.getByLabel("Branch with the changes").fill("prises");
  await page.getByRole("button", { name: "Open the merge request" }).click();
  await expect(page.getByRole("alert")).toContainText("There is no branch “prises”");
  await expect(page.getByLabel("Title")).toHaveValue("Prices of autumn");
  await expectRight(page);
  await page.getByLabel("Branch with the changes").fill("prices");
  await page.getByLabel("It is a draft").check();
  await page.getByRole("button", { name: "Open the merge request" }).click();
  await expect(page).toHaveURL("/local/bakery/requests/1");
  await expect(page.getByRole("heading", { level: 1, name: "Prices of autumn" })).toBeVisible();
  await expect(page.getByRole("main")).toContainText("local wants to merge prices into main");
  await expect(page.getByRole("heading", { level: 3, name: "Why" })).toBeVisible();
  await expect(page.getByRole("link", { name: "the list" })).toHaveAttribute("rel", "nofollow ugc noopener");
  await expectRight(page);

  // A draft is not merged.
  await expect(page.getByText("It is a draft: its author has not said yet that it is ready.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Merge into main" })).toHaveCount(0);
  await page.getByRole("button", { name: "It is ready" }).click();
  await expect(entry(page, "said that it is ready")).toBeVisible();
  await expect(page.getByText("Can be merged", { exact: true })).toBeVisible();

  // Said, and answered.
  await comment(page).fill("Is that *net*?");
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  const thread = entry(page, "Is that net?");
  await expect(thread).toBeVisible();
  await thread.getByText("Answer…").click();
  await thread.getByLabel("Your answer").fill("Yes.");
  await thread.getByRole("button", { name: "Answer", exact: true }).click();
  await expect(entry(page, "local answered")).toContainText("Yes.");
  await entry(page, "Is that net?").getByRole("button", { name: "Settled" }).click();
  await expect(page.getByText("Settled by local: show it")).toBeVisible();
  await page.getByText("Settled by local: show it").click();
  await page.getByRole("button", { name: "Open again" }).click();
  await expect(page.getByText("Settled by local: show it")).toHaveCount(0);

  await tab(page, "Commits").click();
  await expect(page.getByRole("link", { name: "Change A1, A2 on prices" })).toBeVisible();
  await expectRight(page);

  // A value is suggested for a cell; first for a row that is not there.
  await tab(page, "Changes").click();
  await expect(page.getByText("products: 2 rows changed")).toBeVisible();
  await expectRight(page);
  await page.getByText("Comment on a row or cell of products…").click();
  await page.getByLabel("Row", { exact: true }).fill("A9");
  await page.getByLabel("Column", { exact: true }).selectOption("price");
  await comment(page).fill("Round it.");
  await page.getByLabel("Suggested value").fill("2.80");
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("There is no row “A9”");
  await expect(page.getByLabel("Suggested value")).toHaveValue("2.80");
  await expectRight(page);
  await page.getByLabel("Row", { exact: true }).fill("A1");
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  await expect(page.getByRole("status").filter({ hasText: "Your comment is in the conversation" })).toBeVisible();
  await expectRight(page);
  await page.getByRole("link", { name: "conversation", exact: true }).click();
  const suggestion = entry(page, "Round it.");
  await expect(suggestion.getByRole("link", { name: "price of row A1 in products" })).toHaveAttribute(
    "href",
    "/local/bakery/at/prices/tables/products/rows/A1",
  );
  await expect(suggestion).toContainText("It held2.75");
  await expect(suggestion).toContainText("Suggested2.80");
  await expectRight(page);
  await suggestion.getByRole("button", { name: "Apply the suggestion" }).click();
  await expect(entry(page, "Round it.")).toContainText("Applied");
  await page.goto("/local/bakery/at/prices/tables/products/rows/A1");
  await expect(page.getByLabel("price")).toHaveValue("2.8");
  await page.goto("/local/bakery/requests/1");

  // Nobody approves of their own; what was typed stays. Then a review that is none.
  await page.getByLabel("Approve").check();
  await page.getByLabel("Why").fill("I looked at all of it.");
  await page.getByRole("button", { name: "Send the review" }).click();
  await expect(page.getByRole("alert")).toContainText("Others approve of what you offer");
  await expect(page.getByLabel("Why")).toHaveValue("I looked at all of it.");
  await expectRight(page);
  await page.getByLabel("Neither for nor against.").check();
  await page.getByRole("button", { name: "Send the review" }).click();
  await expect(entry(page, "I looked at all of it.")).toContainText("commented");

  // Title, labels.
  await page.getByText("Edit title, text, labels and reviewers…").click();
  await page.getByLabel("Title").fill("Prices of winter");
  await page.getByLabel("Labels").fill("prices, winter");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Prices of winter" })).toBeVisible();
  await expect(page.getByRole("list", { name: "Labels" }).getByRole("listitem")).toHaveText(["prices", "winter"]);

  // Closed, and opened again.
  await page.getByRole("button", { name: "Close it" }).click();
  await expect(page.getByText("It is closed: nothing is merged.")).toBeVisible();
  await page.goto("/local/bakery/requests?state=closed");
  await expect(page.getByRole("link", { name: "Prices of winter" })).toBeVisible();
  await expectRight(page);
  await page.getByRole("link", { name: "Prices of winter" }).click();
  await page.getByRole("button", { name: "Open it again" }).click();

  await page.getByLabel("Message of the commit").fill("Take over the prices of winter");
  await page.getByRole("button", { name: "Merge into main" }).click();
  await expect(page.getByText("Its changes are in main in commit")).toBeVisible();
  await expectRight(page);
  await page.goto("/local/bakery/tables/products/rows/A2");
  await expect(page.getByLabel("name")).toHaveValue("Big wheat loaf");
  await page.goto("/local/bakery/history");
  await expect(page.getByRole("link", { name: "Take over the prices of winter" })).toBeVisible();

  // Undone by a request.
  await page.goto("/local/bakery/requests/1");
  await page.getByRole("button", { name: "Revert…" }).click();
  await expect(page).toHaveURL("/local/bakery/requests/2");
  await expect(page.getByRole("heading", { level: 1, name: "Revert “Prices of winter”" })).toBeVisible();
  await page.getByLabel("As one commit").check();
  await page.getByRole("button", { name: "Merge into main" }).click();
  await expect(page.getByText("Its changes are in main")).toBeVisible();
  await page.goto("/local/bakery/tables/products/rows/A2");
  await expect(page.getByLabel("name")).toHaveValue("Wheat loaf");
});

test("what is said of a row stands below it, and is outdated with it", async ({ page, complaints }) => {
  complaints.expect(status(422));
  await send(page, "branches", { name: "prices" });
  await change(page, "prices", { A1: { price: "2.75" }, A2: { name: "Big wheat loaf" } });
  await propose(page, "prices", "New prices");
  await expect(tab(page, "Commits")).toHaveText("Commits 1");
  await tab(page, "Changes").click();
  await page.getByRole("link", { name: "Comment on row A2" }).click();
  await expect(page.getByLabel("Row", { exact: true })).toHaveValue("A2");
  await comment(page).fill("Who calls it *that*?");
  await page.getByRole("button", { name: "Comment", exact: true }).click();

  // Below its row, with a way from there, and with room to answer.
  const said = page.getByRole("list", { name: "What was said about row A2" });
  await expect(said.getByText("Who calls it that?")).toBeVisible();
  await expect(page.getByRole("row", { name: /A2/ }).getByRole("link", { name: "1 open thread on row A2" })).toBeVisible();
  await expectRight(page);
  await said.getByText("Answer…").click();
  await said.getByLabel("Your answer").fill("Everybody does.");
  await expectRight(page);
  await said.getByRole("button", { name: "Answer", exact: true }).click();
  await expect(page).toHaveURL(/\/requests\/1\/changes.*#entry-/);
  await expect(said.getByRole("paragraph").filter({ hasText: "Everybody does." })).toBeVisible();

  // What is no answer is told here.
  await said.getByText("Answer…").click();
  await said.getByLabel("Your answer").fill(" ");
  await said.getByRole("button", { name: "Answer", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("Say something.");
  await expect(said.getByLabel("Your answer")).toHaveValue(" ");
  await expectRight(page);

  // The row changes: here and in the conversation it is told how.
  await change(page, "prices", { A2: { price: "1.45" } });
  await tab(page, "Changes").click();
  await expect(said.getByText("Outdated")).toBeVisible();
  await expect(said).toContainText("The row is not what it was then:");
  await expectRight(page);
  await said.getByRole("link", { name: "in the conversation" }).click();
  await expect(entry(page, "Who calls it that?")).toContainText("Outdated");
  await expectRight(page);

  // Settled, it is folded, and nothing points to it.
  await tab(page, "Changes").click();
  await said.getByRole("button", { name: "Settled" }).click();
  await expect(said.getByText("Settled by local: show it")).toBeVisible();
  await expect(said.getByText("Who calls it that?")).toBeHidden();
  await expect(page.getByRole("link", { name: /open thread/ })).toHaveCount(0);
  await expectRight(page);
});

test("a request whose branch was deleted says so, and brings it back", async ({ page }) => {
  await send(page, "branches", { name: "prices" });
  await change(page, "prices", { A1: { price: "2.75" } });
  await page.goto("/local/bakery/requests/new?from=prices");
  await page.getByLabel("Title").fill("New prices");
  await page.getByLabel("Labels").fill("prices, autumn");
  await page.getByRole("button", { name: "Open the merge request" }).click();
  await expect(page.getByRole("list", { name: "Labels" }).getByRole("listitem")).toHaveText(["prices", "autumn"]);
  await page.request.delete("/api/v1/datasets/local/bakery/branches/prices");
  const gone = page.getByRole("region", { name: "A branch is gone" });
  for (const rest of ["/commits", "/changes", "/conflicts", "/checks", ""]) {
    await page.goto(`/local/bakery/requests/1${rest}`);
    await expect(gone).toContainText("The branch “prices” is gone.");
    await expectRight(page);
  }
  await expect(page.getByText("Can’t be merged")).toBeVisible();
  await gone.getByRole("button", { name: "Bring prices back" }).click();
  await expect(page.getByText("Can be merged", { exact: true })).toBeVisible();
  await expect(gone).toHaveCount(0);
  await expect(entry(page, "brought the branch prices back")).toBeVisible();
  await expect(page.getByRole("button", { name: "Merge into main" })).toBeVisible();
});

test("conflicts are decided one by one and by column, and taken back", async ({ page, complaints }) => {
  test.slow();
  complaints.expect(status(422));
  await send(page, "branches", { name: "prices" });
  await change(page, "main", {
    A1: { price: "2.60", name: "Dark rye loaf" },
    A2: { price: "1.30" },
    A3: { price: "1.50" },
    A4: { price: "2.20" },
  });
  await change(page, "prices", {
    A1: { price: "2.70", name: "Rye loaf with seeds" },
    A2: { price: "1.40" },
    A3: { price: "1.60" },
    A4: { price: "2.40" },
  });
  await propose(page, "prices", "New prices");
  await page.getByRole("link", { name: "5 things to decide" }).click();
  await expect(page.getByText("0 of 5 conflicts decided")).toBeVisible();
  await expect(page.getByRole("progressbar")).toBeVisible();
  await expectRight(page);

  // What is in conflict is named by what it is, and words that differ are marked.
  const name = conflict(page, "name of row A1 in products");
  await expect(name.getByText("On main", { exact: true })).toBeVisible();
  await expect(name.locator("ins")).toHaveText(["Dark rye", " with seeds"]);
  await name.getByRole("button", { name: "As offered" }).click();
  await expect(page.getByText("1 of 5 conflicts decided")).toBeVisible();
  await expect(name).toHaveCount(0);

  // A value that is none is told, and stays typed.
  const price = conflict(page, "price of row A1 in products");
  await price.getByLabel("Another value").fill("cheap");
  await price.getByRole("button", { name: "Take this value" }).click();
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(price.getByLabel("Another value")).toHaveValue("cheap");
  await expectRight(page);
  await price.getByLabel("Another value").fill("2.65");
  await price.getByRole("button", { name: "Take this value" }).click();
  await expect(page.getByText("2 of 5 conflicts decided")).toBeVisible();

  // The rest of the column at once.
  await page.getByRole("button", { name: "As on main: column price of products" }).click();
  await expect(page.getByText("5 of 5 conflicts decided")).toBeVisible();
  await expect(page.getByText("Everything is decided.")).toBeVisible();
  const rule = page.getByRole("listitem").filter({ hasText: "Column price of products: as on main, says local" });
  await expect(rule).toBeVisible();
  await expectRight(page);

  // Taken back: one that was decided by itself, then the rule.
  await page.getByRole("navigation", { name: "Which conflicts" }).getByRole("link", { name: "All" }).click();
  await expect(page.getByRole("heading", { level: 3 })).toHaveCount(5);
  await expect(name).toContainText("Decided as offered, by local");
  await expect(price).toContainText("Decided “2.65”, by local");
  await expect(conflict(page, "price of row A3 in products")).toContainText("Decided as on main, by a rule");
  await expectRight(page);
  await name.getByRole("button", { name: "Take back" }).click();
  await expect(page.getByText("4 of 5 conflicts decided")).toBeVisible();
  await expect(page, "the list is what it was").toHaveURL(/\?all=1/);
  await name.getByRole("button", { name: "As on main" }).click();
  await rule.getByRole("button", { name: "Take back" }).click();
  await expect(page.getByText("2 of 5 conflicts decided")).toBeVisible();
  await page.getByRole("button", { name: "As offered: all of products" }).click();
  await expect(page.getByText("5 of 5 conflicts decided")).toBeVisible();

  await page.getByRole("link", { name: "Back to the request, to merge it" }).click();
  await page.getByRole("button", { name: "Merge into main" }).click();
  await expect(page.getByText("Its changes are in main in commit")).toBeVisible();
  const merged = { A1: ["Dark rye loaf", "2.65"], A2: ["Wheat loaf", "1.4"], A4: ["Spelt loaf", "2.4"] };
  for (const [key, [name, price]] of Object.entries(merged)) {
    await page.goto(`/local/bakery/tables/products/rows/${key}`);
    await expect(page.getByLabel("name")).toHaveValue(name);
    await expect(page.getByLabel("price")).toHaveValue(price);
  }
});

test("conflicts are decided by keys, without loading the page anew @script", async ({ page }) => {
  test.slow();
  await send(page, "branches", { name: "prices" });
  await change(page, "main", { A1: { price: "2.60" }, A2: { price: "1.30" }, A3: { price: "1.50" } });
  await change(page, "prices", { A1: { price: "2.70" }, A2: { price: "1.40" }, A3: { price: "1.60" } });
  await propose(page, "prices", "New prices");
  await tab(page, "Conflicts").click();
  const price = (key: string) => conflict(page, `price of row ${key} in products`);
  await page.evaluate(() => Object.assign(window, { same: true }));

  // What is typed elsewhere stays while something else is decided.
  await price("A3").getByLabel("Another value").fill("1.55");
  await page.getByRole("button", { name: "Decide by keys" }).click();
  await expect(price("A1")).toBeFocused();
  await expectRight(page);
  await page.keyboard.press("n");
  await expect(price("A2")).toBeFocused();
  await page.keyboard.press("p");
  await expect(price("A1")).toBeFocused();
  await page.keyboard.press("t");
  await expect(page.getByText("1 of 3 conflicts decided")).toBeVisible();
  await expect(page.getByRole("status")).toHaveText("Saved: 1 of 3");
  await expect(price("A2")).toBeFocused();
  await page.keyboard.press("o");
  await expect(page.getByText("2 of 3 conflicts decided")).toBeVisible();
  await expect(price("A3")).toBeFocused();
  await expect(price("A3").getByLabel("Another value")).toHaveValue("1.55");

  // Undone one after the other; the keyboard goes to what is open again.
  await page.keyboard.press("u");
  await expect(page.getByText("1 of 3 conflicts decided")).toBeVisible();
  await expect(price("A2")).toBeFocused();
  await page.keyboard.press("u");
  await expect(page.getByText("0 of 3 conflicts decided")).toBeVisible();
  await expect(price("A1")).toBeFocused();
  await page.keyboard.press("u");
  await expect(page.getByRole("status")).toHaveText("There is nothing to undo.");

  // Letters that are typed are text.
  await page.keyboard.press("v");
  await expect(price("A1").getByLabel("Another value")).toBeFocused();
  await page.keyboard.type("2.65");
  await price("A1").getByRole("button", { name: "Take this value" }).press("Enter");
  await expect(price("A2")).toBeFocused();
  await page.keyboard.press("b");
  await expect(price("A3")).toBeFocused();
  await price("A3").getByRole("button", { name: "Take this value" }).click();
  await expect(page.getByText("Everything is decided.")).toBeVisible();
  expect(await page.evaluate(() => "same" in window), "the page was never left").toBe(true);

  // Another decision is undone to the first one.
  await page.getByRole("navigation", { name: "Which conflicts" }).getByRole("link", { name: "All" }).click();
  await page.getByRole("button", { name: "Decide by keys" }).click();
  await page.keyboard.press("n");
  await page.keyboard.press("t");
  await expect(price("A2")).toContainText("Decided as offered");
  await price("A2").focus();
  await page.keyboard.press("u");
  await expect(price("A2")).toContainText("Decided as before");
});

test("schema conflicts are told in words, and rows that break a rule are mended", async ({ page }) => {
  await send(page, "branches", { name: "lean" });
  const unique = { op: "set_column", table: "products", column: "name", set: { unique: true } };
  const drop = { op: "drop_column", table: "products", column: "stock" };
  await send(page, "commits", { branch: "main", message: "Names are unique, stock is gone", operations: [unique, drop] });
  const update = (key: string, values: object) => ({ op: "update", table: "products", key, values });
  const operations = [update("A1", { stock: 100 }), update("A2", { stock: 90 }), update("A5", { name: "Rye loaf" })];
  await send(page, "commits", { branch: "lean", message: "Count the stock", operations });
  await send(page, "commits", {
    branch: "main",
    message: "Drop sourdough",
    operations: [{ op: "delete", table: "products", key: "A3" }],
  });
  await send(page, "commits", { branch: "lean", message: "Sour", operations: [update("A3", { price: "1.55" })] });
  await propose(page, "lean", "Count the stock");
  await page.getByRole("link", { name: /things to decide/ }).click();

  const column = conflict(page, "Column stock of products");
  await expect(column).toContainText("“stock” was dropped on main; in the offer 2 cells of it changed.");
  await expectRight(page);
  await column.getByRole("button", { name: "Keep the column" }).click();
  const row = conflict(page, "Row A3 in products");
  await expect(row).toContainText("The row was deleted on main and changed in the offer.");
  await row.getByRole("button", { name: "Delete the row" }).click();

  const broken = conflict(page, "Rows A1, A5 in products");
  await expect(broken).toBeVisible();
  const second = broken.getByRole("group", { name: "Row A5" });
  await second.getByLabel("name").fill("Poppy roll, long");
  await broken.getByRole("button", { name: "Save the row" }).last().click();
  await expect(broken).toContainText("Mended");
  await expect(page.getByText("Everything is decided.")).toBeVisible();
  await expectRight(page);
  await page.getByRole("link", { name: "Back to the request, to merge it" }).click();
  await page.getByRole("button", { name: "Merge into main" }).click();
  await page.goto("/local/bakery/tables/products/rows/A5");
  await expect(page.getByLabel("name")).toHaveValue("Poppy roll, long");
  await page.goto("/local/bakery/tables/products/rows/A1");
  await expect(page.getByLabel("stock")).toHaveValue("100");
});

test("a fork offers its changes", async ({ page }) => {
  await page.goto("/local/bakery/fork");
  await page.getByLabel("Name").fill("my-bakery");
  await page.getByRole("button", { name: "Fork", exact: true }).click();
  const update = { op: "update", table: "products", key: "A2", values: { name: "Wheat loaf of the fork" } };
  await send(page, "commits", { message: "Rename a loaf", operations: [update] }, "local/my-bakery");
  await page.goto("/local/my-bakery");
  await page.getByRole("link", { name: "Offer changes to local/bakery" }).click();
  await expect(page.getByLabel("Dataset with the changes")).toHaveValue("local/my-bakery");
  await expectRight(page);
  await page.getByLabel("Title").fill("From the fork");
  await page.getByRole("button", { name: "Open the merge request" }).click();
  await expect(page.getByRole("main")).toContainText("local wants to merge local/my-bakery:main into main");
  await tab(page, "Commits").click();
  await page.getByRole("link", { name: "Rename a loaf" }).click();
  await expect(page).toHaveURL(/^[^?]*\/local\/my-bakery\/commits\//);
  await page.goto("/local/bakery/requests/1");
  await page.getByRole("button", { name: "Merge into main" }).click();
  await expect(page.getByText("Its changes are in main in commit")).toBeVisible();
  await page.goto("/local/bakery/tables/products/rows/A2");
  await expect(page.getByLabel("name")).toHaveValue("Wheat loaf of the fork");
});

test("a branch gets rules, which requests follow", async ({ page, complaints }) => {
  complaints.expect(status(409), status(422));
  await send(page, "branches", { name: "prices" });
  await change(page, "prices", { A1: { price: "2.75" } });
  await page.goto("/local/bakery/branches");
  await page.getByText("Set rules for a branch…").click();
  await page.getByLabel("Approvals that a request needs").fill("many");
  await page.getByRole("button", { name: "Set the rules" }).click();
  await expect(page.getByRole("alert")).toContainText("Give a whole number from 0 to 20.");
  await expectRight(page);
  await page.getByLabel("Approvals that a request needs").fill("1");
  await page.getByRole("button", { name: "Set the rules" }).click();
  const rules = page.getByRole("region", { name: "Rules by branch" });
  await expect(rules.getByRole("row", { name: /main/ })).toContainText("only merge requests change it; 1 approval needed");
  await expectRight(page);

  await page.goto("/local/bakery/compare?from=main&to=prices");
  await page.getByRole("link", { name: "Propose prices" }).click();
  await page.getByLabel("Title").fill("A price");
  await page.getByRole("button", { name: "Open the merge request" }).click();
  await expect(page.getByText("“main” asks that one person more approve of it.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Merge into main" })).toHaveCount(0);
  await expectRight(page);

  await page.goto("/local/bakery/branches");
  await page.getByRole("button", { name: "Lift the rules of main" }).click();
  await expect(page.getByText("No branch has rules")).toBeVisible();
  await page.goto("/local/bakery/requests/1");
  await expect(page.getByRole("button", { name: "Merge into main" })).toBeVisible();
});

test("hostile titles, texts and values are text", async ({ page, server }) => {
  test.slow();
  const markup = "</textarea><script>window.broken = 1</script><img src=x onerror=\"window.broken = 2\">";
  const rows = HOSTILE.map((text) => `${quoted(text)},${quoted(text)}`);
  await server.import("local/bakery", "hostile", ["key,value", ...rows].join("\r\n"));
  await send(page, "branches", { name: "hostile" });
  const changed = (words: string) =>
    HOSTILE.map((text) => ({ op: "upsert", table: "hostile", values: { key: text, value: `${text} ${words}` } }));
  await send(page, "commits", { branch: "main", message: markup, operations: changed("on main") });
  await send(page, "commits", { branch: "hostile", message: markup, operations: changed("<b>offered</b>") });
  await page.goto("/local/bakery/requests/new?from=hostile");
  await page.getByLabel("Title").fill(markup);
  await page.getByLabel("Description").fill(`${markup}\n\n[x](javascript:window.broken=3) ![y](data:text/html,z)`);
  await page.getByRole("button", { name: "Open the merge request" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(markup);
  await page.getByText("Edit title, text, labels and reviewers…").click();
  await expect(page.getByLabel("Title")).toHaveValue(markup);
  await page.getByLabel("Labels").fill("<script>window.broken = 4</script>");
  await page.getByRole("button", { name: "Save" }).click();
  await comment(page).fill(markup);
  await page.getByRole("button", { name: "Comment", exact: true }).click();
  for (const rest of ["", "/commits", "/changes", "/conflicts", "/conflicts?all=1"]) {
    await page.goto(`/local/bakery/requests/1${rest}`);
    expect(await page.evaluate(() => (window as { broken?: number }).broken)).toBeUndefined();
    await expect(page.locator("main :is(script, img)")).toHaveCount(0);
    await expect(page.locator("main a[href^='javascript' i], main a[href^='data' i]")).toHaveCount(0);
    await expectRight(page);
  }
  await page.getByRole("button", { name: "As offered: all of hostile" }).click();
  await expect(page.getByText(`${HOSTILE.length} of ${HOSTILE.length} conflicts decided`)).toBeVisible();
  await page.goto("/local/bakery/requests?state=all");
  await expect(page.getByRole("link", { name: markup })).toBeVisible();
  await expectRight(page);
});
