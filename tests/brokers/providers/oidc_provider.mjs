// An OpenID provider: node oidc_provider.mjs SETTINGS.json
//
// The library oidc-provider with people, clients and two resources: tokens for the default one are JWTs (RFC 9068), tokens for the
// other are opaque. Prints one line, "listening URL", when it serves. POST /control/... is for the harness; see control() below.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import Provider from "oidc-provider";
import { createMemoryAdapter } from "oidc-provider/lib/adapters/memory_adapter.js";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const BODY_BYTES_MAX = 64 * 1024;
// Outlives the provider, which is made anew with every set of keys.
const storage = createMemoryAdapter();

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const kid = randomBytes(8).toString("hex");
  return { ...privateKey.export({ format: "jwk" }), kid, alg: "RS256", use: "sig" };
}

// The first key signs.
let keys = [newKey()];
let provider;
let serve;
let url;

function groupsOf(token) {
  const owner = token.accountId ? settings.users[token.accountId] : settings.machines[token.clientId];
  return owner?.groups ?? [];
}

function configuration() {
  return {
    adapter: storage,
    jwks: { keys },
    cookies: { keys: [settings.cookieKey] },
    clients: settings.clients,
    // Groups stand in the ID token itself, as with most providers, and not at the userinfo endpoint only.
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], profile: ["preferred_username"], groups: ["groups"] },
    scopes: ["openid", "profile", "groups"],
    findAccount: (_ctx, id) =>
      settings.users[id] && {
        accountId: id,
        claims: () => ({ sub: id, preferred_username: id, groups: settings.users[id].groups }),
      },
    // The library's own dispatcher keeps away from loopback, where the clients of tests are told of logouts.
    fetch: (to, options) => fetch(to, { ...options, dispatcher: undefined }),
    extraTokenClaims: (_ctx, token) => ({ groups: groupsOf(token) }),
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: () => false,
    pkce: { required: () => true },
    ttl: { AccessToken: settings.tokenSeconds, ClientCredentials: settings.tokenSeconds },
    features: {
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_ctx, _client, oneOf) => oneOf ?? settings.resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: "kafka",
          audience: settings.audience,
          accessTokenTTL: settings.tokenSeconds,
          accessTokenFormat: resource === settings.opaqueResource ? "opaque" : "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  };
}

function renew() {
  provider = new Provider(url, configuration());
  provider.on("server_error", (_ctx, error) => console.error(error));
  serve = provider.callback();
}

async function body(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function page(response, status, html) {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  response.end(`<!DOCTYPE html><html><body>${html}</body></html>`);
}

// Login and consent, each a form that goes back to its own address.
async function interaction(request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  const sent = request.method === "POST" ? new URLSearchParams(await body(request)) : undefined;
  if (prompt.name === "login") {
    const user = sent && settings.users[sent.get("login")];
    if (!user || user.password !== sent.get("password")) {
      const words = sent ? '<p class="error">Wrong name or password</p>' : "";
      const form =
        '<form method="post"><input name="login"/><input type="password" name="password"/>' +
        '<button type="submit">Sign in</button></form>';
      return page(response, sent ? 401 : 200, words + form);
    }
    const login = { accountId: sent.get("login"), amr: ["pwd"] };
    return provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  }
  if (!sent) {
    return page(response, 200, '<form method="post"><button type="submit" name="consent" value="yes">Allow</button></form>');
  }
  const grant =
    (grantId && (await provider.Grant.find(grantId))) ||
    new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims, missingResourceScopes } = prompt.details;
  if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  for (const [resource, scopes] of Object.entries(missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

// rotate?forget=true: a new key signs; older ones are taken out of the key set when told so.
// client: the body is one more client's metadata (OpenID Connect Dynamic Client Registration 1.0, 2).
async function control(request, response, at) {
  if (at.pathname === "/control/rotate") {
    keys = at.searchParams.get("forget") === "true" ? [newKey()] : [newKey(), ...keys];
    renew();
  } else if (at.pathname === "/control/client") {
    const client = JSON.parse(await body(request));
    await storage("Client").upsert(client.client_id, client);
  } else {
    return page(response, 404, "");
  }
  return page(response, 200, "done");
}

const server = createServer((request, response) => {
  const at = new URL(request.url, url);
  const answer = async () => {
    if (at.pathname.startsWith("/interaction/")) return interaction(request, response);
    if (request.method === "POST" && at.pathname.startsWith("/control/")) return control(request, response, at);
    return serve(request, response);
  };
  answer().catch((error) => {
    console.error(error);
    if (!response.headersSent) page(response, 500, "");
  });
});

server.listen(0, "127.0.0.1", () => {
  url = `http://127.0.0.1:${server.address().port}`;
  renew();
  console.log(`listening ${url}`);
});
