/** A small price list: text, decimal, integer, boolean, date, and a cell that is empty. */
export const PRODUCTS = `sku,name,price,stock,organic,listed
A1,Rye loaf,2.55,109,true,2026-03-04
A2,Wheat loaf,1.25,137,true,2026-01-14
A3,Sourdough,1.45,69,false,2026-02-02
A4,Spelt loaf,2.15,65,,2026-03-13
A5,Poppy roll,0.65,240,false,2026-01-14
`;

/** So many rows of five columns, as a file. */
export function manyRows(count: number): string {
  const lines = ["id,name,city,price,quantity"];
  for (let id = 1; id <= count; id++) {
    lines.push(`${id},Name ${id},City ${id % 500},${(id % 1000) / 4},${id % 97}`);
  }
  return lines.join("\n") + "\n";
}

/** Values that have broken pages before: markup, ends of elements, paths, quotes, other scripts and directions. */
export const HOSTILE = [
  "<script>window.broken = 1</script>",
  "</textarea><script>window.broken = 2</script>",
  '"><img src="/missing" onerror="window.broken = 3">',
  "'-alert(1)-'",
  "..",
  ".",
  "a/../b",
  "a?b=c&d#e",
  "100%25",
  "back\\slash",
  "comma, and \"quotes\"",
  "two\nlines",
  "🏳️‍🌈 👩🏽‍🚀",
  "مرحبا بالعالم",
  "{{ braces }} ${x}",
  "&lt;b&gt; &amp;",
];

/** A field of a CSV file (RFC 4180). */
export const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
