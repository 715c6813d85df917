// VS Code's own debug client, pointed at debugpy, and a door through which a test drives it.
const http = require("http");
const vscode = require("vscode");

/** Every `stopped` and `continued` event, and every session's start and end, in order. */
const heard = [];

exports.activate = (context) => {
  const debug = vscode.debug;
  context.subscriptions.push(
    debug.registerDebugAdapterDescriptorFactory("debugpy", {
      createDebugAdapterDescriptor: ({ configuration: { connect } }) =>
        new vscode.DebugAdapterServer(connect.port, connect.host),
    }),
    debug.onDidReceiveDebugSessionCustomEvent(({ event, body, session }) => {
      if (event === "debugpyAttach") debug.startDebugging(session.workspaceFolder, body, session);
    }),
    debug.registerDebugAdapterTrackerFactory("debugpy", {
      createDebugAdapterTracker: (session) => ({
        onDidSendMessage: ({ type, event, body }) => {
          if (type === "event" && ["stopped", "continued", "output"].includes(event))
            heard.push({ event, session: session.id, body });
        },
      }),
    }),
    debug.onDidStartDebugSession((session) => heard.push({ event: "start", session: session.id, name: session.name, parent: session.parentSession?.id })),
    debug.onDidTerminateDebugSession((session) => heard.push({ event: "end", session: session.id, name: session.name })),
  );
  const sessions = new Map();
  context.subscriptions.push(debug.onDidStartDebugSession((session) => sessions.set(session.id, session)));

  const server = http.createServer(async (request, response) => {
    let code = "";
    for await (const piece of request) code += piece;
    try {
      const AsyncFunction = (async () => {}).constructor;
      const result = await new AsyncFunction("vscode", "heard", "sessions", code)(vscode, heard, sessions);
      response.end(JSON.stringify(result ?? null));
    } catch (error) {
      response.statusCode = 500;
      response.end(JSON.stringify(String(error.stack)));
    }
  });
  server.listen(Number(process.env.SST_TEST_DOOR), "127.0.0.1");
};
