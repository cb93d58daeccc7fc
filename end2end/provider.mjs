// A provider of identities, as it is elsewhere: it says who it is on its first line, takes the address to send people back to
// on its standard input, and says when it is there. Everybody may sign in with any name and any password.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  // Another site than the one under test, which is at 127.0.0.1.
  const issuer = `http://localhost:${server.address().port}`;
  console.log(issuer);
  createInterface(process.stdin).once("line", (returnTo) => {
    const provider = new Provider(issuer, {
      clients: [{ client_id: "anabranch", client_secret: "a secret between servers", redirect_uris: [returnTo] }],
      claims: { email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          name: `${id} of Example`,
          preferred_username: id,
          email: `${id}@example.org`,
          email_verified: true,
        }),
      }),
    });
    server.on("request", provider.callback());
    console.log("ready");
  });
});
