// A headless Chromium on a page, driven by lines on standard input: `open URL`, `shot FILE`, `click TEXT`.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
const { chromium } = createRequire(process.argv[2] + "/")("playwright-core");

const context = await chromium.launchPersistentContext(process.argv[3], {
  executablePath: "/usr/bin/chromium",
  viewport: { width: 1500, height: 900 },
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});
const page = context.pages()[0] ?? (await context.newPage());
for await (const line of createInterface({ input: process.stdin })) {
  const [, verb, rest] = line.match(/^(\w+) (.*)$/);
  if (verb === "open") await page.goto(rest);
  if (verb === "shot") await page.screenshot({ path: rest });
  if (verb === "click") await page.getByText(rest).first().click();
  console.log("done");
}
await context.close();
