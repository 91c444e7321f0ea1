// Reads an OpenRPC document on standard input, and says whether it is one: for `cargo xtask interop api`.
//
// The schema of OpenRPC, and the resolution of references within the document, are those of `@open-rpc/schema-utils-js`.
"use strict";

const { parseOpenRPCDocument, validateOpenRPCDocument } = require("@open-rpc/schema-utils-js");

async function main() {
  const pieces = [];
  for await (const piece of process.stdin) pieces.push(piece);
  const document = JSON.parse(Buffer.concat(pieces).toString("utf8"));
  const verdict = validateOpenRPCDocument(document);
  if (verdict !== true) throw verdict;
  // Follows every reference: one that leads nowhere is an error.
  const parsed = await parseOpenRPCDocument(document, { validate: true, dereference: true });
  console.log(JSON.stringify({ methods: parsed.methods.map((method) => method.name) }));
}

main().catch((error) => {
  console.error(String(error && error.message ? error.message : error).slice(0, 4000));
  process.exit(1);
});
