#include "routes.h"

#include "about.h"
#include "browser.h"
#include "call.h"
#include "web.h"

#define API "/api/v1"
#define ORG API "/orgs/{org}"
#define REPO ORG "/repos/{repo}"
#define BUILD REPO "/builds/{number}"
#define JOB BUILD "/jobs/{job}"

#define OF_REPO "repo={org}/{repo}"
#define OF_BUILD "build={org}/{repo}/{number}"

#define ROWS(table) table, sizeof(table) / sizeof((table)[0])

/* Rows of what the store keeps: all of them, one more, and one. */
#define KEPT(noun, base, one, of_base, of_one, what)                                               \
	{ .verb = HTTP_GET,                                                                        \
		.path = base,                                                                      \
		.call = noun "/list",                                                              \
		.with = of_base,                                                                   \
		.query = "after limit",                                                            \
		.summary = "all " what "s, a page at a time" },                                    \
	    { .verb = HTTP_GET,                                                                    \
		    .path = one,                                                                   \
		    .call = noun "/get",                                                           \
		    .with = of_one,                                                                \
		    .summary = "one " what },                                                      \
	    { .verb = HTTP_PUT,                                                                    \
		    .path = one,                                                                   \
		    .call = noun "/put",                                                           \
		    .with = of_one,                                                                \
		    .body = ROUTE_BODY,                                                            \
		    .summary = "makes or changes one " what },                                     \
	{                                                                                          \
		.verb = HTTP_DELETE, .path = one, .call = noun "/remove", .with = of_one,          \
		.summary = "removes one " what                                                     \
	}

const struct route routes[] = {
	{ .verb = HTTP_GET,
	    .path = API "/version",
	    .summary = "what answers here",
	    .scope = RIGHTS_ANYBODY,
	    .handle = about_version,
	    .answer = about_version_answer,
	    .nanswer = 3 },
	{ .verb = HTTP_POST,
	    .path = API "/call",
	    .summary = "requests of the kit, as lines: what mci-relay speaks",
	    .scope = RIGHTS_READ,
	    .body = CALL_BODY,
	    .body_raw = true,
	    .media = ROUTE_STREAM,
	    .streams = true,
	    .handle = call_post },
	{ .verb = HTTP_DELETE,
	    .path = API "/call",
	    .summary = "ends a session of them",
	    .scope = RIGHTS_READ,
	    .status = 204,
	    .handle = call_delete },
	KEPT("org", API "/orgs", ORG, NULL, "id={org}", "organisation"),
	KEPT("repo", ORG "/repos", REPO, "org={org}", "org={org} id={repo}", "repository"),
	{ .verb = HTTP_GET,
	    .path = REPO "/builds",
	    .call = "build/list",
	    .with = OF_REPO,
	    .query = "status branch event before limit",
	    .summary = "its builds, the newest first" },
	{ .verb = HTTP_POST,
	    .path = REPO "/builds",
	    .call = "build/trigger",
	    .with = OF_REPO,
	    .body = ROUTE_BODY,
	    .status = 202,
	    .summary = "triggers a build" },
	{ .verb = HTTP_GET,
	    .path = BUILD,
	    .call = "build/get",
	    .with = OF_BUILD,
	    .summary = "one build" },
	{ .verb = HTTP_POST,
	    .path = BUILD "/cancel",
	    .call = "build/cancel",
	    .with = OF_BUILD,
	    .body = ROUTE_BODY,
	    .summary = "cancels it" },
	{ .verb = HTTP_GET,
	    .path = BUILD "/jobs",
	    .call = "job/list",
	    .with = OF_BUILD,
	    .query = "from",
	    .summary = "its jobs" },
	{ .verb = HTTP_POST, .path = API "/session", .summary = "begins a browser's session from a token or ticket",
	  .scope = RIGHTS_READ, .answer = browser_session, .nanswer = 6, .handle = browser_begin },
	{ .verb = HTTP_GET, .path = API "/session", .summary = "whose the session, or token, is",
	  .scope = RIGHTS_READ, .answer = browser_session, .nanswer = 6, .handle = browser_show },
	{ .verb = HTTP_DELETE, .path = API "/session", .summary = "ends the browser's session",
	  .scope = RIGHTS_READ, .status = 204, .handle = browser_end },
	{ .verb = HTTP_POST, .path = API "/session/ticket", .summary = "makes a ticket for one session",
	  .scope = RIGHTS_READ, .answer = browser_ticket, .nanswer = 2, .handle = browser_give },
	{ .verb = HTTP_GET, .path = "/-/web/{tag}/{file}", .summary = "a file of the page for browsers",
	  .scope = RIGHTS_ANYBODY, .media = ROUTE_STREAM, .handle = web_file },
	{ .verb = HTTP_GET, .path = "/-/{page}", .summary = "a page for browsers", .scope = RIGHTS_ANYBODY,
	  .media = ROUTE_STREAM, .handle = web_page },
};
const size_t nroutes = sizeof(routes) / sizeof(routes[0]);
