// AWS's own Events client, told by JSON lines what to do: {"do": "connect" | "publish" | "post" | "close", …}.
// It says what happens as JSON lines. Arguments: the HTTP host, the port it really listens on.
import { createInterface } from "node:readline";
import { request } from "node:http";
import WebSocket from "ws";
import { Amplify } from "@aws-amplify/core";
import { events } from "@aws-amplify/api-graphql";

const [httpHost, port] = process.argv.slice(2);
const say = (fact) => process.stdout.write(JSON.stringify(fact) + "\n");

// The client insists on TLS and on names that resolve. Both are taken away below it; what it says stays its own.
globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    const { host, pathname, search } = new URL(url);
    const Host = host.replace("appsync-api", "appsync-realtime-api");
    super(`ws://127.0.0.1:${port}${pathname}${search}`, protocols, { headers: { Host } });
    say({ saw: "subprotocols", offered: protocols.map((offer) => offer.split("-")[0]) });
  }
};
globalThis.fetch = (url, { method, headers, body }) =>
  new Promise((resolve, reject) => {
    const { host, pathname } = new URL(url);
    const sent = { ...Object.fromEntries(new Headers(headers)), host, "content-length": Buffer.byteLength(body) };
    const call = request({ host: "127.0.0.1", port, method, path: pathname, headers: sent }, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode, headers: answer.headers }));
    });
    call.on("error", reject);
    call.end(body);
  });

Amplify.configure(
  { API: { Events: { endpoint: `https://${httpHost}/event`, region: "us-east-1", defaultAuthMode: "iam" } } },
  {
    Auth: {
      credentialsProvider: {
        getCredentialsAndIdentityId: async () => ({
          credentials: { accessKeyId: "test", secretAccessKey: "test" },
          identityId: "nobody",
        }),
        clearCredentialsAndIdentityId: () => {},
      },
    },
  },
);

const channels = new Map();
const actions = {
  async connect({ channel }) {
    const opened = await events.connect(channel);
    channels.set(channel, opened);
    const subscription = opened.subscribe({
      next: (data) => say({ saw: "data", channel, event: data.event }),
      error: (error) => say({ saw: "error", channel, message: String(error?.errors?.[0]?.message ?? error) }),
    });
    await subscription.ready;
  },
  publish: ({ channel, events: values }) => channels.get(channel).publish(values),
  post: ({ channel, events: values }) => events.post(channel, values),
  close: ({ channel }) => channels.get(channel).close(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    say({ did: command.do, result: (await actions[command.do](command)) ?? null });
  } catch (error) {
    say({ did: command.do, error: String(error?.errors?.[0]?.message ?? error?.message ?? error) });
  }
}
process.exit(0);
