import { PRODUCTS } from "../support/data";
import { check, makeAccount, PASSWORD, setUp, signIn } from "../support/people";
import { expect, status, test, type Page } from "../support/test";

test("the first account is made with the code, signs out and in again", async ({ page, server, complaints }) => {
  test.slow();
  complaints.expect(status(422), status(404));
  await server.import("local/bakery", "products", PRODUCTS);
  const address = server.setUpAddress;
  await page.goto(address);
  await check(page);
  // What is wrong is told, and nothing but the password has to be typed again.
  await page.getByLabel("Code").fill("not-the-code");
  await page.getByLabel("Name", { exact: true }).fill("ada");
  await page.getByLabel("Full name").fill("Ada Lovelace");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await expect(page.getByRole("alert")).toContainText("not the code");
  await expect(page.getByLabel("Full name")).toHaveValue("Ada Lovelace");
  await expect(page.getByLabel("Password")).toHaveValue("");
  await check(page);
  await page.getByLabel("Code").fill(address.split("code=")[1] ?? "");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();

  const navigation = page.getByRole("navigation", { name: "Main" });
  await expect(navigation.getByRole("link", { name: "ada" })).toBeVisible();
  // What was there before is theirs.
  await page.getByRole("main").getByRole("link", { name: "bakery" }).click();
  await expect(page).toHaveURL("/ada/bakery");
  await navigation.getByRole("link", { name: "ada" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Your account" })).toBeVisible();
  await expect(page.getByText("this browser")).toBeVisible();
  await check(page);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();

  // From now on they are asked for, and led on to where they wanted to go.
  await expect(navigation.getByRole("link", { name: "Sign in" })).toBeVisible();
  await expect(page.getByRole("main").getByRole("link", { name: "bakery" })).toHaveCount(0);
  await page.goto("/new");
  await expect(page).toHaveURL("/sign-in?next=%2Fnew");
  await check(page);
  await page.getByLabel("Name", { exact: true }).fill("ada");
  await page.getByLabel("Password").fill("not that one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText("There is no account with this name and password.");
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("ada");
  await check(page);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL("/new");
});

test("a role lets somebody else in, and a private dataset is nothing for others", async ({ page, server, otherWindow, complaints }) => {
  test.slow();
  complaints.expect(status(403), status(404), status(422));
  await server.import("local/bakery", "products", PRODUCTS);
  await setUp(page, server, "ada");
  for (const name of ["grace", "eve"]) await makeAccount(page, name);
  await check(page);

  await page.goto("/ada/bakery");
  await page.getByRole("link", { name: "People" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Who may do what" })).toBeVisible();
  await check(page);
  await page.getByLabel("Account").fill("nobody");
  await page.getByRole("button", { name: "Give the role" }).click();
  await expect(page.getByRole("alert")).toContainText("There is no account “nobody”.");
  await page.getByLabel("Account").fill("grace");
  await page.getByLabel("Role").selectOption("writer");
  await page.getByRole("button", { name: "Give the role" }).click();
  await expect(page.getByRole("row", { name: "grace" })).toContainText("writer");
  await check(page);

  // She sees it, edits and commits; who may do what is not hers to decide.
  const grace = await otherWindow();
  await signIn(grace, "grace");
  await grace.getByRole("main").getByRole("link", { name: "bakery" }).click();
  await expect(grace).toHaveURL("/ada/bakery");
  await expect(grace.getByRole("link", { name: "People" })).toHaveCount(0);
  await grace.goto("/ada/bakery/tables/products/rows/A2");
  await grace.getByLabel("name").fill("Wheat loaf of Grace");
  await grace.getByRole("button", { name: "Save to your draft" }).click();
  await grace.goto("/ada/bakery/draft");
  await grace.getByLabel("Message").fill("Rename a loaf");
  await grace.getByRole("button", { name: "Commit" }).click();
  await expect(grace.getByRole("heading", { level: 1, name: "Rename a loaf" })).toBeVisible();
  const refused = await grace.goto("/ada/bakery/people");
  expect(refused?.status()).toBe(403);
  await check(grace);
  await page.goto("/ada/bakery/history");
  await expect(page.getByRole("main")).toContainText("grace");

  const eve = await otherWindow();
  await signIn(eve, "eve");
  await expect(eve.getByRole("link", { name: "bakery" })).toHaveCount(0);
  expect((await eve.goto("/ada/bakery"))?.status()).toBe(404);
  // Until everybody may read it; then there is nothing to edit with.
  await page.goto("/ada/bakery/people");
  await page.getByRole("button", { name: "Let everybody read it" }).click();
  await expect(page.getByText("Everybody may read this dataset.")).toBeVisible();
  expect((await eve.goto("/ada/bakery"))?.status()).toBe(200);
  await eve.goto("/ada/bakery/tables/products/rows/A2");
  await expect(eve.getByRole("button", { name: "Save to your draft" })).toHaveCount(0);
  await check(eve);

  // What was given is taken back.
  await page.getByRole("button", { name: "Let only the people below read it" }).click();
  await page.getByRole("button", { name: "Take the role from grace" }).click();
  await expect(page.getByRole("row", { name: "grace" })).toHaveCount(0);
  expect((await grace.goto("/ada/bakery"))?.status()).toBe(404);
});

test("somebody is invited, forgets the password, and is blocked", async ({ page, server, otherWindow, complaints }) => {
  test.slow();
  complaints.expect(status(409), status(403));
  await setUp(page, server, "ada");
  await page.goto("/account/people");
  await page.getByLabel("Who may make an account of their own").selectOption("invitation");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Whom it is for").fill("Grace");
  await page.getByRole("button", { name: "Make an invitation" }).click();
  const shown = page.getByText(/\/sign-up\?invitation=/);
  const invitation = (await shown.textContent()) ?? "";
  await check(page);

  const grace = await otherWindow();
  await grace.goto(invitation);
  await check(grace);
  await grace.getByLabel("Name", { exact: true }).fill("grace");
  await grace.getByLabel("Password").fill(PASSWORD);
  await grace.getByRole("button", { name: "Make the account" }).click();
  await expect(grace.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "grace" })).toBeVisible();

  await page.goto("/account/people");
  await page.getByRole("link", { name: "grace" }).click();
  await expect(page.getByText("It is an ordinary account.")).toBeVisible();
  await check(page);
  await page.getByRole("button", { name: "Make a link for a new password" }).click();
  const reset = (await page.getByText(/\/reset-password\?code=/).textContent()) ?? "";
  await check(page);
  await grace.goto(reset);
  await check(grace);
  await grace.getByLabel("New password").fill("other words that belong");
  await grace.getByRole("button", { name: "Set the password" }).click();
  await expect(grace).toHaveURL("/sign-in");
  await grace.getByLabel("Name", { exact: true }).fill("grace");
  await grace.getByLabel("Password").fill("other words that belong");
  await grace.getByRole("button", { name: "Sign in" }).click();
  await expect(grace.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "grace" })).toBeVisible();

  await page.goto("/account/people/grace");
  await page.getByRole("button", { name: "Block", exact: true }).click();
  await expect(page.getByText("It is blocked")).toBeVisible();
  await check(page);
  await grace.goto("/account");
  await expect(grace).toHaveURL(/\/sign-in/);
  await page.goto("/account/people/ada");
  await page.getByRole("button", { name: "No longer let it run the server" }).click();
  await expect(page.getByRole("alert")).toContainText("Nobody but “ada” runs this server");
  await check(page);

  // All of that is in the log.
  await page.goto("/account/people");
  await page.getByRole("link", { name: "Audit log" }).click();
  await expect(page.getByRole("row", { name: "blocked grace" })).toContainText("ada");
  await check(page);
  await page.getByLabel("Person").fill("grace");
  await page.getByLabel("What", { exact: true }).selectOption("sign-in");
  await page.getByRole("button", { name: "Look" }).click();
  await expect(page.getByRole("row", { name: "set a new password by a link" })).toBeVisible();
  await expect(page.getByRole("row", { name: "blocked grace" })).toHaveCount(0);
});

test("a token is shown once, and ended", async ({ page, server }) => {
  await setUp(page, server, "ada");
  await page.goto("/account");
  await page.getByLabel("What it is for").fill("the nightly import");
  await page.getByRole("button", { name: "Make a token" }).click();
  await expect(page.getByText(/^anb_/)).toBeVisible();
  await check(page);
  await page.goto("/account");
  await expect(page.getByText(/^anb_/)).toHaveCount(0);
  await page.getByRole("button", { name: "End the token the nightly import" }).click();
  await expect(page.getByRole("rowheader", { name: "the nightly import" })).toHaveCount(0);
});

test("somebody who uses the keyboard only signs in", async ({ page, server, otherWindow }) => {
  await setUp(page, server, "ada");
  const other = await otherWindow();
  await other.goto("/");
  const focused = other.locator(":focus");
  const reach = async (target: ReturnType<Page["locator"]>): Promise<void> => {
    for (let presses = 0; presses < 20 && !(await target.evaluate((element) => element === document.activeElement)); presses++) {
      await other.keyboard.press("Tab");
    }
    await expect(target).toBeFocused();
  };
  await reach(other.getByRole("link", { name: "Sign in" }));
  await other.keyboard.press("Enter");
  await expect(other).toHaveURL("/sign-in");
  await reach(other.getByLabel("Name", { exact: true }));
  await other.keyboard.type("ada");
  await other.keyboard.press("Tab");
  await expect(focused).toHaveAttribute("type", "password");
  await other.keyboard.type(PASSWORD);
  await other.keyboard.press("Enter");
  await expect(other.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "ada" })).toBeVisible();
});
