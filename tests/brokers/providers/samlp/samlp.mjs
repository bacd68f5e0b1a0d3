// A SAML 2.0 identity provider: node samlp.mjs SETTINGS.json
//
// The library samlp with one person who is logged in already. GET /sso/VARIANT takes a login request and answers with a form that
// submits itself; the variants say what is signed, how, and what goes wrong. GET /metadata describes /sso/assertion. Prints one line,
// "listening URL", when it serves.

import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import samlp from "samlp";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const key = readFileSync(settings.key);
const cert = readFileSync(settings.certificate);

const publicKey = createPublicKey(cert).export({ type: "spki", format: "pem" });

const PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

// What the library wants to know about a person; it writes the claims down as attributes.
function mapper(person) {
  return {
    getClaims: () => ({ groups: person.groups, mail: person.mail }),
    getNameIdentifier: () => ({ nameIdentifier: person.name, nameIdentifierFormat: PERSISTENT }),
  };
}
mapper.prototype.metadata = [];

const common = () => ({
  issuer: settings.issuer,
  key,
  cert,
  profileMapper: mapper,
  getUserFromRequest: () => settings.person,
  getPostURL: (audience, request, req, done) => done(null, settings.assertionConsumer),
  destination: settings.assertionConsumer,
  recipient: settings.assertionConsumer,
  lifetimeInSeconds: 300,
  authnContextClassRef: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
});

const variants = {
  assertion: {},
  response: { signAssertion: false, signResponse: true },
  both: { signResponse: true },
  prefixed: { signatureNamespacePrefix: "ds" },
  unsigned: { signAssertion: false },
  sha1: { signatureAlgorithm: "rsa-sha1", digestAlgorithm: "sha1" },
  encrypted: { encryptionCert: cert, encryptionPublicKey: publicKey },
  "other-audience": { audience: "https://other.example" },
  "other-recipient": { recipient: "https://other.example/acs" },
  "other-destination": { destination: "https://other.example/acs" },
  "other-request": { inResponseTo: "_other" },
  "other-issuer": { issuer: "https://other.example" },
};

// samlp was written for express; this is the part of express that it uses.
function express(incoming, outgoing, url) {
  incoming.query = Object.fromEntries(new URL(url).searchParams);
  incoming.protocol = "http";
  outgoing.set = (name, value) => outgoing.setHeader(name, value);
  outgoing.send = (status, body) => {
    if (typeof status === "number") outgoing.statusCode = status;
    outgoing.end(String(body ?? status));
  };
}

const server = createServer((incoming, outgoing) => {
  const url = `http://${incoming.headers.host}${incoming.url}`;
  express(incoming, outgoing, url);
  const failed = (error) => {
    outgoing.statusCode = 500;
    outgoing.end(String(error?.message ?? "no such page"));
  };
  const { pathname } = new URL(url);
  const variant = variants[pathname.replace("/sso/", "")];
  if (pathname === "/metadata") {
    samlp.metadata({ ...common(), redirectEndpointPath: "/sso/assertion", postEndpointPath: "/sso/assertion" })(incoming, outgoing);
  } else if (pathname === "/sso/failed") {
    const error = { code: "urn:oasis:names:tc:SAML:2.0:status:Responder", description: "out of order" };
    samlp.parseRequest(incoming, (problem, request) => {
      const options = { ...common(), error, inResponseTo: request?.id, RelayState: incoming.query.RelayState };
      options.getPostURL = (req, done) => done(null, settings.assertionConsumer);
      if (problem) failed(problem);
      else samlp.sendError(options)(incoming, outgoing, failed);
    });
  } else if (variant) {
    samlp.auth({ ...common(), ...variant })(incoming, outgoing, failed);
  } else {
    failed();
  }
});
server.listen(0, "127.0.0.1", () => console.log(`listening http://127.0.0.1:${server.address().port}`));
