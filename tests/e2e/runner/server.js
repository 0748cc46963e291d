// A Spark hybrid runner with one model: node server.js MODEL.json
// MODEL.json: { id, zip, folder, service, service_id, version, tenant, jwks_url, issuer }. Prints the port it listens on.
// Calls must carry a bearer token that the issuer signed and that has not expired; GET /ledger tells what arrived.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const http = require("http");
const { WasmRunner } = require("@coherentglobal/wasm-runner");

const model = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const engine = new WasmRunner({ id: model.id, url: model.zip });
const ledger = { executed: 0, records: 0, refused: 0, tokens: {} };
const base = `/${model.tenant}/api`;
const V3 = [
  `${base}/v3/folders/${model.folder}/services/${model.service}/execute`,
  `${base}/v3/service/${model.service_id}`,
  `${base}/v3/version/${model.id}`,
];
const NAMES = [`${model.folder}/${model.service}`, `service/${model.service_id}`, `version/${model.id}`];

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const decode = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

async function authorize(header = "") {
  const [head, claims, signature] = header.replace(/^Bearer /, "").split(".");
  if (!signature) throw new Refusal(401, "no token");
  const { kid, alg } = decode(head);
  const { keys } = await (await fetch(model.jwks_url)).json();
  const jwk = keys.find((key) => key.kid === kid && alg === "RS256");
  const key = jwk && crypto.createPublicKey({ key: jwk, format: "jwk" });
  if (!key || !crypto.verify("RSA-SHA256", `${head}.${claims}`, key, Buffer.from(signature, "base64url")))
    throw new Refusal(401, "token not signed by the issuer");
  const { exp, iss, jti } = decode(claims);
  if (iss !== model.issuer || exp * 1000 <= Date.now()) throw new Refusal(401, "token expired or of another issuer");
  ledger.tokens[jti] = (ledger.tokens[jti] || 0) + 1;
}

async function calculate(inputs) {
  const answer = await engine.execute({ request_data: { inputs }, request_meta: { version_id: model.id } });
  ledger.records++;
  return answer;
}

async function executeMany(body) {
  if (!NAMES.includes((body.service || "").replace(/\[.*\]$/, ""))) throw new Refusal(404, "no such service");
  const answers = [];
  for (const inputs of body.inputs) answers.push(await calculate(inputs));
  const column = (pick) => answers.map((answer) => pick(answer) ?? null);
  return {
    outputs: column((answer) => answer.response_data.outputs),
    process_time: column((answer) => answer.response_meta.process_time),
    warnings: column((answer) => answer.response_data.warnings),
    errors: column((answer) => answer.response_data.errors),
    service_chain: column(() => null),
    service_id: model.service_id, version_id: model.id, version: model.version, call_id: crypto.randomUUID(),
    compiler_version: "1.22.3", correlation_id: body.correlation_id ?? null, request_timestamp: new Date().toISOString(),
  };
}

async function answer(request, text) {
  if (request.url === "/ledger") return ledger;
  await authorize(request.headers.authorization);
  ledger.executed++;
  const body = JSON.parse(text || "{}");
  if (V3.includes(request.url)) return calculate(body.request_data?.inputs ?? {});
  if (request.url === `${base}/v4/execute`) return executeMany(body);
  throw new Refusal(404, "no such path");
}

async function serve(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const result = await answer(request, Buffer.concat(chunks).toString());
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(result));
  } catch (error) {
    ledger.refused++;
    response.writeHead(error.status || 500, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ status: "Error", error: { message: error.message }, response_data: null }));
  }
}

engine.initialize().then(() => {
  const server = http.createServer(serve).listen(0, "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
});
