import AxeBuilder from "@axe-core/playwright";
import { test, expect, type Page } from "./test";

/** No violation of any rule that axe knows, in light and in dark. */
export async function expectAccessible(page: Page): Promise<void> {
  const runsScripts = test.info().project.use.javaScriptEnabled !== false;
  const checked = runsScripts ? page : await copyOf(page);
  for (const colorScheme of ["light", "dark"] as const) {
    await checked.emulateMedia({ colorScheme });
    // Colours in the middle of a transition are nobody's choice. Waiting is no way: in a closed <details> they stand still.
    await checked.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
    const { violations } = await new AxeBuilder({ page: checked }).analyze();
    const found = violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html) }));
    expect(found, `axe finds nothing at ${page.url()} (${colorScheme})`).toEqual([]);
  }
  if (checked === page) {
    await page.emulateMedia({ colorScheme: null });
  } else {
    await checked.context().close();
  }
}

/** The document as it stands, where axe can run: its scripts do not. */
async function copyOf(page: Page): Promise<Page> {
  const browser = page.context().browser();
  if (!browser) throw new Error("The page has no browser.");
  const context = await browser.newContext({ viewport: page.viewportSize(), javaScriptEnabled: true });
  const copy = await context.newPage();
  const body = await page.content();
  await copy.route(page.url(), (route) => route.fulfill({ body, contentType: "text/html; charset=utf-8" }));
  await copy.route("**/*.js", (route) => route.abort());
  await copy.goto(page.url());
  return copy;
}

/** What every page has: one heading that says what it is, a title, the landmarks, and no more width than the window. */
export async function expectWellFormed(page: Page): Promise<void> {
  await expect(page).toHaveTitle(/\S.* · Anabranch$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveCount(1);
  for (const landmark of ["banner", "main", "contentinfo"] as const) {
    await expect(page.getByRole(landmark), landmark).toHaveCount(1);
  }
  await expect(page.getByRole("navigation", { name: "Main" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "en");
}

/** Nothing has to be scrolled sideways on a phone but what scrolls by itself. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 380, height: 800 });
  await expect.poll(() => page.evaluate(wide), { message: `what is too wide at ${page.url()}` }).toEqual([]);
  if (before) await page.setViewportSize(before);
}

/** The elements that reach past the window, if it can be scrolled sideways. Runs in the page. */
function wide(): string[] {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  const scrolls = (element: Element | null): boolean =>
    !!element && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
  const far = [...document.querySelectorAll("body *")].filter(
    (element) => element.getBoundingClientRect().right > clientWidth + 0.5 && !scrolls(element.parentElement),
  );
  return [`${scrollWidth} pixels`, ...far.map((element) => element.outerHTML.slice(0, 100))];
}
