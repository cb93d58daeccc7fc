import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { check, enter, expectSignedIn, makeAccount, PASSWORD, setUp, signIn, signOut } from "../support/people";
import { Provider } from "../support/provider";
import { expect, status, test as base, type Page } from "../support/test";

/** What an app shows for a key at a time in seconds (RFC 6238). */
function code(key: string, seconds: number): string {
  const bits = [...key.replaceAll(" ", "")].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)));
  const mac = createHmac("sha1", Buffer.from(bytes.map((byte) => parseInt(byte, 2)))).update(counter).digest();
  const at = mac[19]! & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

base("a second factor is set up, asked for, and lost", async ({ page, server, otherWindow, complaints }) => {
  base.slow();
  complaints.expect(status(422));
  await setUp(page, server, "root");
  await makeAccount(page, "ada");
  const ada = await otherWindow();
  await signIn(ada, "ada");
  await ada.goto("/account");
  await check(ada);
  await ada.getByRole("link", { name: "Second factor" }).click();
  await check(ada);
  await ada.getByLabel("Your password").fill(PASSWORD);
  await ada.getByRole("button", { name: "Set it up" }).click();
  await expect(ada.getByRole("img", { name: "QR code" })).toBeVisible();
  await check(ada);
  const key = (await ada.locator("code.key").textContent()) ?? "";
  await ada.getByRole("textbox", { name: "Code" }).fill("nothing");
  await ada.getByRole("button", { name: "Turn it on" }).click();
  await expect(ada.getByRole("alert")).toContainText("That is not the code.");
  await expect(ada.locator("code.key")).toHaveText(key);
  await check(ada);
  const now = Date.now() / 1000;
  await ada.getByRole("textbox", { name: "Code" }).fill(code(key, now));
  await ada.getByRole("button", { name: "Turn it on" }).click();
  await expect(ada.getByRole("heading", { level: 1, name: "Your second factor is on" })).toBeVisible();
  const codes = await ada.getByRole("main").getByRole("listitem").allTextContents();
  expect(codes).toHaveLength(10);
  await check(ada);
  await ada.goto("/account/second-factor");
  await expect(ada.getByText("10 recovery codes left.")).toBeVisible();
  await check(ada);

  await signOut(ada);
  await enter(ada, "ada");
  await expect(ada.getByRole("heading", { level: 1, name: "Your second factor" })).toBeVisible();
  await check(ada);
  await ada.getByRole("textbox", { name: "Code" }).fill(code(key, now));
  await ada.getByRole("button", { name: "Sign in" }).click();
  await expect(ada.getByRole("alert")).toContainText("That is not the code.");
  await check(ada);
  await ada.getByRole("textbox", { name: "Code" }).fill(codes[0] ?? "");
  await ada.getByRole("button", { name: "Sign in" }).click();
  await expectSignedIn(ada, "ada");

  // Who runs the server takes it away from somebody who has lost the app.
  await signOut(ada);
  await page.goto("/account/people/ada");
  await check(page);
  await page.getByRole("button", { name: "Take the second factor away" }).click();
  await expect(page.getByRole("button", { name: "Take the second factor away" })).toHaveCount(0);
  await signIn(ada, "ada");
});

base("somebody takes their data along and goes", async ({ page, server, otherWindow, complaints }) => {
  complaints.expect(status(422), status(409));
  await setUp(page, server, "root");
  await makeAccount(page, "ada");
  const ada = await otherWindow();
  await signIn(ada, "ada");
  await ada.goto("/account");
  const download = ada.waitForEvent("download");
  await ada.getByRole("link", { name: "Download my data" }).click();
  const data = JSON.parse(await readFile(await (await download).path(), "utf8"));
  expect(data.account.name).toBe("ada");
  await ada.getByRole("link", { name: "Delete my account" }).click();
  await check(ada);
  await ada.getByLabel("Name of the account").fill("root");
  await ada.getByLabel("Your password").fill(PASSWORD);
  await ada.getByRole("button", { name: "Delete my account" }).click();
  await expect(ada.getByRole("alert")).toContainText("Type “ada”");
  await check(ada);
  await ada.getByLabel("Name of the account").fill("ada");
  await ada.getByLabel("Your password").fill(PASSWORD);
  await ada.getByRole("button", { name: "Delete my account" }).click();
  await expect(ada.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Sign in" })).toBeVisible();
  await page.goto("/account/people");
  await expect(page.getByRole("rowheader", { name: "ada" })).toHaveCount(0);
  // Somebody always runs the server.
  await page.goto("/account/delete");
  await page.getByLabel("Name of the account").fill("root");
  await page.getByLabel("Your password").fill(PASSWORD);
  await page.getByRole("button", { name: "Delete my account" }).click();
  await expect(page.getByRole("alert")).toContainText("Nobody but you runs this server");
});

const test = base.extend<{ provider: Provider }>({
  provider: async ({}, use) => {
    const provider = await Provider.start();
    await use(provider);
    await provider.dispose();
  },

  serverOptions: async ({ provider }, use) => {
    const client = ["--oidc-client-id", "anabranch", "--oidc-client-secret", "a secret between servers"];
    await use(["--no-sample", "--oidc-issuer", provider.issuer, ...client, "--oidc-name", "Example ID"]);
  },

  otherWindow: async ({ otherWindow }, use) => {
    await use(async () => {
      const page = await otherWindow();
      // The provider's page asks for a font that is elsewhere.
      await page.context().route("https://fonts.googleapis.com/**", (route) => route.fulfill({ contentType: "text/css", body: "" }));
      return page;
    });
  },
});

async function openToAll(page: Page, rule: string): Promise<void> {
  await page.goto("/account/people");
  await page.getByLabel("Who may make an account of their own").selectOption(rule);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByLabel("Who may make an account of their own")).toHaveValue(rule);
}

test("somebody signs up, out and in through a provider", async ({ page, server, provider, otherWindow, complaints }) => {
  test.slow();
  complaints.expect(status(403), status(409), status(422));
  await provider.serve(server.url);
  await setUp(page, server, "root");
  const grace = await otherWindow();
  await grace.goto("/sign-in?next=/new");
  await check(grace);
  const elsewhere = grace.getByRole("button", { name: "Sign in with Example ID" });
  await elsewhere.click();
  await provider.signIn(grace, "grace");
  await expect(grace.getByRole("main")).toContainText("You may not make an account here");
  await check(grace);

  await openToAll(page, "open");
  await grace.goto("/sign-in?next=/new");
  await elsewhere.click();
  // The provider remembers both who she is and that she has agreed.
  await expect(grace.getByRole("heading", { level: 1, name: "Choose a name" })).toBeVisible();
  await expect(grace.getByLabel("Name", { exact: true })).toHaveValue("grace");
  await expect(grace.getByLabel("Full name")).toHaveValue("grace of Example");
  await check(grace);
  await grace.getByLabel("Name", { exact: true }).fill("root");
  await grace.getByRole("button", { name: "Make the account" }).click();
  await expect(grace.getByRole("alert")).toContainText("The name “root” is taken.");
  await check(grace);
  await grace.getByLabel("Name", { exact: true }).fill("hopper");
  await grace.getByRole("button", { name: "Make the account" }).click();
  await expect(grace).toHaveURL(`${server.url}/new`);
  await expectSignedIn(grace, "hopper");
  await grace.goto("/account");
  await expect(grace.getByRole("row", { name: "grace@example.org" })).toBeVisible();
  await check(grace);
  await grace.getByRole("button", { name: "Unlink grace@example.org" }).click();
  await expect(grace.getByRole("alert")).toContainText("Nothing else signs you in");

  await signOut(grace);
  await grace.goto("/sign-in");
  await elsewhere.click();
  await expectSignedIn(grace, "hopper");

  // What comes back has to be what was sent, by this browser.
  await signOut(grace);
  await grace.goto("/sign-in");
  // The page on the way there, without what makes the browser go on by itself.
  await grace.route("**/sign-in/provider", async (route) => {
    const response = await route.fetch();
    const { refresh, ...headers } = response.headers();
    expect(refresh).toContain(provider.issuer);
    await route.fulfill({ response, headers });
  });
  await elsewhere.click();
  await expect(grace.getByRole("link", { name: "Go on to Example ID" })).toBeVisible();
  await check(grace);
  const link = (await grace.getByRole("link", { name: "Go on to Example ID" }).getAttribute("href")) ?? "";
  const state = new URL(link).searchParams.get("state") ?? "";
  expect(new URL(link).searchParams.get("code_challenge_method")).toBe("S256");
  expect(new URL(link).searchParams.get("nonce")).toBeTruthy();
  const stranger = await otherWindow();
  const other = await stranger.goto(`/sign-in/return?code=x&state=${state}`);
  expect(other?.status()).toBe(409);
  await check(stranger);
  const wrong = await grace.goto("/sign-in/return?code=x&state=wrong");
  expect(wrong?.status()).toBe(409);
  await expect(grace.getByRole("main")).toContainText("Begin again");
  // And once only.
  expect((await grace.goto(`/sign-in/return?code=x&state=${state}`))?.status()).toBe(409);
});

test("an account is linked to a provider and unlinked", async ({ page, server, provider, otherWindow, complaints }) => {
  test.slow();
  complaints.expect(status(422), status(409), status(403));
  await provider.serve(server.url);
  await setUp(page, server, "root");
  await makeAccount(page, "ada");
  const ada = await otherWindow();
  await signIn(ada, "ada");
  await ada.goto("/account");
  const link = ada.getByRole("button", { name: "Link with Example ID" });
  const password = ada.locator("form", { has: link }).getByLabel("Your password", { exact: true });
  await password.fill("not that one");
  await link.click();
  await expect(ada.getByRole("alert")).toContainText("That is not your password.");
  await check(ada);
  await password.fill(PASSWORD);
  await link.click();
  await provider.signIn(ada, "lovelace");
  await expect(ada).toHaveURL(`${server.url}/account`);
  await expect(ada.getByRole("row", { name: "lovelace@example.org" })).toBeVisible();
  await check(ada);

  await signOut(ada);
  await ada.goto("/sign-in");
  await ada.getByRole("button", { name: "Sign in with Example ID" }).click();
  await expectSignedIn(ada, "ada");
  await ada.goto("/account");
  await ada.getByRole("button", { name: "Unlink lovelace@example.org" }).click();
  await expect(ada.getByRole("row", { name: "lovelace@example.org" })).toHaveCount(0);
  await signOut(ada);
  await ada.goto("/sign-in");
  await ada.getByRole("button", { name: "Sign in with Example ID" }).click();
  await expect(ada.getByRole("main")).toContainText("You may not make an account here");
});
