#include "routes.h"

#include "about.h"
#include "artifacts.h"
#include "badge.h"
#include "browser.h"
#include "buildevents.h"
#include "builds.h"
#include "call.h"
#include "events.h"
#include "eventsput.h"
#include "jobnotes.h"
#include "logpage.h"
#include "logs.h"
#include "logscan.h"
#include "logsearch.h"
#include "metrics.h"
#include "page.h"
#include "web.h"

#define API "/api/v1"
#define ORG API "/orgs/{org}"
#define REPO ORG "/repos/{repo}"
#define BUILD REPO "/builds/{number}"
#define JOB BUILD "/jobs/{job}"

#define ARTIFACT JOB "/artifacts/{artifact}"

#define OF_ORG "org={org}"
#define OF_REPO "repo={org}/{repo}"
#define OF_BUILD "build={org}/{repo}/{number}"
#define OF_JOB OF_BUILD " job={job}"
#define OF_ARTIFACT OF_JOB " artifact={artifact}"
#define FILTERS "status branch event actor since until before limit"

#define ROWS(table) table, sizeof(table) / sizeof((table)[0])

/* clang-format off */
#define ROW(v, p, text, ...) { .verb = HTTP_##v, .path = p, .summary = text, __VA_ARGS__ }
#define CALLS(method, w) .call = method, .with = w
#define LISTS(method, w, q, n) .call = method, .with = w, .query = q, .next = n
#define TAKES(method, w) .call = method, .with = w, .body = ROUTE_BODY

const struct route routes[] = {
	/* ---- of this program */
	ROW(GET, API "/version", "what answers here", .scope = RIGHTS_ANYBODY, .handle = about_version,
	    .answer = about_version_answer, .nanswer = 3),
	ROW(GET, API "/me", "whose the token is, and what it is good for", .scope = RIGHTS_READ,
	    .handle = about_me, .answer = about_me_answer, .nanswer = 5),
	ROW(GET, API "/openapi.json", "this table as an OpenAPI document", .scope = RIGHTS_ANYBODY,
	    .handle = about_openapi, .media = ROUTE_STREAM),
	ROW(GET, API "/health", "whether it answers", .scope = RIGHTS_ANYBODY, .handle = metrics_health,
	    .answer = metrics_health_answer, .nanswer = 1),
	ROW(GET, API "/ready", "whether all services answer; 503 where one is away", .scope = RIGHTS_ANYBODY,
	    .handle = metrics_ready, .answer = metrics_ready_answer, .nanswer = 3),
	ROW(GET, "/health", "the same as /api/v1/health", .scope = RIGHTS_ANYBODY, .handle = metrics_health,
	    .answer = metrics_health_answer, .nanswer = 1),
	ROW(GET, "/metrics", "figures, as OpenMetrics", .call = "build/status", .handle = metrics_write,
	    .media = ROUTE_METRICS),
	ROW(POST, API "/call", "requests of the kit, as lines: what mci-relay speaks", .scope = RIGHTS_READ,
	    .body = CALL_BODY, .body_raw = true, .media = ROUTE_STREAM, .streams = true,
	    .handle = call_lines),
	ROW(DELETE, API "/call", "ends a session of them", .scope = RIGHTS_READ, .status = 204,
	    .handle = call_end),

	ROW(GET, API "/events", "events as they come: lines, or Server-Sent Events",
	    CALLS("event/subscribe", NULL),
	    .takes = &events_takes, .query = "org repo build job type from format", .media = ROUTE_STREAM,
	    .streams = true, .handle = events_follow),

	ROW(POST, API "/events", "posts events, a line each: all or none", CALLS("event/publish", NULL),
	    .body = EVENTS_BODY, .body_raw = true, .handle = events_post),
	ROW(PUT, API "/events", "posts events as they come, for curl -T-", CALLS("event/publish", NULL),
	    .body = EVENTS_POURED, .body_raw = true, .pours = true, .handle = eventsput_begin),

	/* ---- organisations and their repositories */
	ROW(GET, API "/orgs", "all organisations",
	    LISTS("org/list", NULL, "id name after limit", "after=id")),
	ROW(POST, API "/orgs", "makes an organisation", TAKES("org/put", NULL), .status = 201),
	ROW(GET, ORG, "an organisation", CALLS("org/get", "id={org}")),
	ROW(PUT, ORG, "makes or changes an organisation", TAKES("org/put", "id={org}")),
	ROW(DELETE, ORG, "removes an organisation that has nothing", CALLS("org/remove", "id={org}")),
	ROW(GET, API "/repos", "all repositories of all organisations",
	    LISTS("repo/list", NULL, "org id name url after limit", "after=org/id")),
	ROW(GET, ORG "/repos", "its repositories",
	    LISTS("repo/list", OF_ORG, "id name url after limit", "after=id")),
	ROW(POST, ORG "/repos", "makes a repository", TAKES("repo/put", OF_ORG), .status = 201),
	ROW(GET, REPO, "a repository", CALLS("repo/get", OF_ORG " id={repo}")),
	ROW(PUT, REPO, "makes or changes a repository", TAKES("repo/put", OF_ORG " id={repo}")),
	ROW(DELETE, REPO, "removes a repository", CALLS("repo/remove", OF_ORG " id={repo}")),
	ROW(GET, REPO "/params", "the parameters that its builds get",
	    CALLS("repo/params", OF_ORG " id={repo}")),
	ROW(GET, REPO "/keys", "the ssh keys that its builds get", CALLS("repo/keys", OF_ORG " id={repo}")),

	/* ---- what they have */
	ROW(GET, ORG "/params", "its parameters; values only of plain ones",
	    LISTS("param/list", OF_ORG, "name after limit", "after=id")),
	ROW(POST, ORG "/params", "makes or changes a parameter", TAKES("param/put", OF_ORG), .status = 201),
	ROW(PUT, ORG "/params", "makes these all its parameters", TAKES("param/replace", OF_ORG)),
	ROW(GET, ORG "/params/{param}", "a parameter", CALLS("param/get", OF_ORG " id={param}")),
	ROW(PUT, ORG "/params/{param}", "makes or changes a parameter",
	    TAKES("param/put", OF_ORG " id={param}")),
	ROW(DELETE, ORG "/params/{param}", "removes a parameter",
	    CALLS("param/remove", OF_ORG " id={param}")),
	ROW(GET, ORG "/keys", "its ssh keys, without what is private",
	    LISTS("key/list", OF_ORG, "id host after limit", "after=id")),
	ROW(POST, ORG "/keys", "makes or changes an ssh key", TAKES("key/put", OF_ORG), .status = 201),
	ROW(PUT, ORG "/keys", "makes these all its ssh keys", TAKES("key/replace", OF_ORG)),
	ROW(GET, ORG "/keys/{key}", "an ssh key", CALLS("key/get", OF_ORG " id={key}")),
	ROW(PUT, ORG "/keys/{key}", "makes or changes an ssh key", TAKES("key/put", OF_ORG " id={key}")),
	ROW(DELETE, ORG "/keys/{key}", "removes an ssh key", CALLS("key/remove", OF_ORG " id={key}")),
	ROW(GET, ORG "/tokens", "its tokens", LISTS("token/list", OF_ORG, "repo after limit", "after=id")),
	ROW(POST, ORG "/tokens", "makes a token for it, and tells it this once",
	    TAKES("token/create", OF_ORG), .status = 201),
	ROW(GET, ORG "/tokens/{token}", "a token of it", CALLS("token/get", OF_ORG " id={token}")),
	ROW(DELETE, ORG "/tokens/{token}", "revokes a token of it",
	    CALLS("token/remove", OF_ORG " id={token}")),

	/* ---- builds */
	ROW(GET, API "/builds", "builds of all that the token is for, the newest first",
	    LISTS("build/list", NULL, "org repo " FILTERS, "before=build")),
	ROW(GET, ORG "/builds", "its builds, the newest first",
	    LISTS("build/list", OF_ORG, "repo " FILTERS, "before=build")),
	ROW(GET, ORG "/builds/latest", "the newest build of each of its repositories",
	    LISTS("build/latest", OF_ORG, "after limit", "after=repo")),
	ROW(GET, REPO "/builds", "its builds, the newest first",
	    LISTS("build/list", OF_REPO, FILTERS, "before=build")),
	ROW(POST, REPO "/builds", "triggers a build", TAKES("build/trigger", OF_REPO), .status = 202,
	    .handle = builds_trigger),
	ROW(GET, REPO "/builds/latest", "its newest build; 204 where there is none",
	    CALLS("build/list", OF_REPO), .query = "status branch event actor", .handle = builds_newest,
	    .answer_of = "build/get"),
	ROW(GET, REPO "/badge.svg", "how its newest build has ended, as a picture",
	    CALLS("build/list", OF_REPO),
	    .query = "branch event", .media = ROUTE_SVG, .handle = badge_svg),
	ROW(GET, REPO "/badge.json", "the same as an endpoint of shields", CALLS("build/list", OF_REPO),
	    .query = "branch event", .answer = badge_shield_answer, .nanswer = 6, .handle = badge_shield),
	ROW(GET, BUILD, "a build", CALLS("build/get", OF_BUILD)),
	ROW(POST, BUILD "/cancel", "cancels it", TAKES("build/cancel", OF_BUILD)),
	ROW(POST, BUILD "/retry", "runs it again: whole, what failed, or from a job on",
	    TAKES("build/trigger", OF_BUILD), .takes = &builds_retry_takes, .status = 202,
	    .handle = builds_retry),

	ROW(GET, BUILD "/events", "its events, until its end", CALLS("build/events", OF_BUILD),
	    .query = "from follow", .media = ROUTE_STREAM, .streams = true, .handle = buildevents_get),

	/* ---- jobs */
	ROW(GET, BUILD "/jobs", "its jobs", LISTS("job/list", OF_BUILD, "from", "from=#")),
	ROW(GET, JOB, "a job", CALLS("job/get", OF_JOB)),
	ROW(GET, JOB "/log", "what it printed: bytes, or lines", CALLS("log/get", OF_JOB),
	    .takes = &logs_takes,
	    .query = "run attempt follow from", .media = ROUTE_STREAM, .streams = true, .handle = logs_get),
	ROW(GET, JOB "/log/index", "where its lines begin", CALLS("log/get", OF_JOB), .takes = &logs_takes,
	    .query = "run attempt every", .answer = logscan_index_answer, .nanswer = 8,
	    .handle = logscan_index),
	ROW(GET, JOB "/log/times", "when its lines came", CALLS("log/get", OF_JOB), .takes = &logs_takes,
	    .query = "run attempt", .answer = logscan_times_answer, .nanswer = 2, .handle = logscan_times),
	ROW(GET, JOB "/log/search", "which of its lines match", CALLS("log/get", OF_JOB),
	    .takes = &logs_takes,
	    .query = "run attempt q regex ignore-case limit", .answer = logsearch_answer, .nanswer = 2,
	    .handle = logsearch_get),
	ROW(GET, JOB "/outputs", "what it wrote to MCI_OUTPUT", CALLS("job/get", OF_JOB),
	    .answer = jobnotes_outputs_answer, .nanswer = 1, .handle = jobnotes_outputs),
	ROW(GET, JOB "/annotations", "its notes, of its newest attempt", CALLS("job/get", OF_JOB),
	    .takes = &jobnotes_takes, .query = "from limit", .answer = jobnotes_annotations_answer,
	    .nanswer = 2, .next = "from=#", .handle = jobnotes_annotations),
	ROW(GET, JOB "/tests", "the results of its tests", CALLS("job/get", OF_JOB), .takes = &jobnotes_takes,
	    .query = "from limit", .answer = jobnotes_tests_answer, .nanswer = 3, .next = "from=#",
	    .handle = jobnotes_tests),
	ROW(POST, JOB "/unblock", "lets a blocked job go on", TAKES("job/unblock", OF_JOB)),
	ROW(POST, JOB "/cancel", "cancels it alone", TAKES("build/cancel", OF_JOB)),

	/* ---- what jobs have left */
	ROW(GET, API "/artifacts", "artifacts by their ids, of the newest builds first",
	    CALLS("artifact/search", NULL), .query = "name org repo limit"),
	ROW(GET, BUILD "/artifacts", "what its jobs have left",
	    LISTS("artifact/list", OF_BUILD, "job from limit", "from=#")),
	ROW(GET, JOB "/artifacts", "what it has left",
	    LISTS("artifact/list", OF_JOB, "from limit", "from=#")),
	ROW(GET, ARTIFACT, "an artifact", CALLS("artifact/get", OF_ARTIFACT)),
	ROW(GET, ARTIFACT "/files", "the files in it: a page, or all as lines",
	    CALLS("artifact/get", OF_ARTIFACT), .takes = &artifacts_takes, .query = "from limit",
	    .answer = artifacts_files_answer, .nanswer = 2, .next = "from=#", .media = ROUTE_LINES,
	    .handle = artifacts_files),
	ROW(GET, ARTIFACT "/files/{path*}", "the bytes of one of them",
	    CALLS("artifact/get", OF_ARTIFACT " path={path}"), .takes = &artifacts_takes,
	    .media = ROUTE_STREAM, .streams = true, .handle = artifacts_file),
	ROW(GET, ARTIFACT "/archive.tar", "all of it as a tar archive", CALLS("artifact/get", OF_ARTIFACT),
	    .media = ROUTE_STREAM, .streams = true, .handle = artifacts_tar),
	ROW(GET, ARTIFACT "/archive.tar.zst", "the same compressed", CALLS("artifact/get", OF_ARTIFACT),
	    .media = ROUTE_STREAM, .streams = true, .handle = artifacts_tar_zst),
	ROW(GET, ARTIFACT "/archive.zip", "all of it as a zip archive", CALLS("artifact/get", OF_ARTIFACT),
	    .media = ROUTE_STREAM, .streams = true, .handle = artifacts_zip),

	/* ---- administration */
	ROW(GET, API "/queue", "how many builds wait, and are held", CALLS("build/status", NULL)),
	ROW(GET, API "/agents", "all agents", LISTS("agent/list", NULL, "id after limit", "after=id")),
	ROW(GET, API "/agents/{agent}", "an agent", CALLS("agent/get", "id={agent}")),
	ROW(PUT, API "/agents/{agent}", "makes or changes an agent", TAKES("agent/put", "id={agent}")),
	ROW(DELETE, API "/agents/{agent}", "removes an agent, and its tokens",
	    CALLS("agent/remove", "id={agent}")),
	ROW(GET, API "/tokens", "all tokens",
	    LISTS("token/list", NULL, "id agent org repo after limit", "after=id")),
	ROW(POST, API "/tokens", "makes a token, and tells it this once", TAKES("token/create", NULL),
	    .status = 201),
	ROW(GET, API "/tokens/{token}", "a token", CALLS("token/get", "id={token}")),
	ROW(DELETE, API "/tokens/{token}", "revokes a token", CALLS("token/remove", "id={token}")),
	ROW(GET, API "/admin/store", "what the store is", CALLS("store/status", NULL)),
	ROW(POST, API "/admin/store/rotate", "makes new keys, and seals secrets with them",
	    TAKES("store/rotate", NULL)),
	ROW(POST, API "/admin/store/rebuild", "makes what comes from events anew",
	    CALLS("store/rebuild", NULL)),
	ROW(GET, API "/admin/events", "what the hub is", CALLS("event/status", NULL)),
	ROW(GET, API "/admin/logs", "what the log server does", CALLS("log/status", NULL)),
	ROW(GET, API "/admin/parts", "the parts of the server", CALLS("part/status", NULL)),

	/* ---- browsers */
	ROW(POST, API "/session", "begins a browser's session from a token or ticket", .scope = RIGHTS_READ,
	    .answer = browser_session, .nanswer = 6, .handle = browser_begin),
	ROW(GET, API "/session", "whose the session, or token, is", .scope = RIGHTS_READ,
	    .answer = browser_session, .nanswer = 6, .handle = browser_show),
	ROW(DELETE, API "/session", "ends the browser's session", .scope = RIGHTS_READ, .status = 204,
	    .handle = browser_end),
	ROW(POST, API "/session/ticket", "makes a ticket for one session", .scope = RIGHTS_READ,
	    .answer = browser_ticket, .nanswer = 2, .handle = browser_give),
	ROW(GET, "/-/web/{tag}/{file}", "a file of the page for browsers", .scope = RIGHTS_ANYBODY,
	    .media = ROUTE_STREAM, .handle = web_file),
	ROW(GET, "/-/{page}", "a page for browsers", .scope = RIGHTS_ANYBODY, .media = ROUTE_STREAM,
	    .takes = &web_takes, .query = "next of", .handle = web_page),

	/* ---- text for a terminal, and the same in a frame for a browser */
	ROW(GET, "/", "the way in", .scope = RIGHTS_ANYBODY, .media = ROUTE_TEXT, .handle = page_root),
	ROW(GET, "/{org}/-/{page}", "a page for browsers", .scope = RIGHTS_ANYBODY, .media = ROUTE_STREAM,
	    .takes = &web_takes, .query = "next of", .handle = web_page),
	ROW(GET, "/{org}/{repo}/-/{page}", "a page for browsers", .scope = RIGHTS_ANYBODY,
	    .media = ROUTE_STREAM, .takes = &web_takes, .query = "next of", .handle = web_page),
	ROW(GET, "/{org}/{repo}/{number}/artifacts", "what the jobs of a build have left",
	    CALLS("artifact/list", OF_BUILD), .query = "job from limit", .media = ROUTE_TEXT,
	    .handle = page_artifacts),
	ROW(GET, "/{org}/{repo}/{number}/{job}/artifacts", "what a job has left",
	    CALLS("artifact/list", OF_JOB), .query = "from limit", .media = ROUTE_TEXT,
	    .handle = page_artifacts),
	ROW(GET, "/{org}/{repo}/{number}/{job}", "a job", CALLS("job/get", OF_JOB), .media = ROUTE_TEXT,
	    .handle = page_job),
	ROW(GET, "/{org}/{repo}/{number}/{job}/log", "what it printed, and prints", CALLS("log/get", OF_JOB),
	    .takes = &logs_takes, .query = "run attempt follow from", .media = ROUTE_TEXT, .streams = true,
	    .handle = logpage_get),
	ROW(GET, "/{org}", "the newest build of each repository", CALLS("build/latest", OF_ORG),
	    .media = ROUTE_TEXT, .handle = page_org),
	ROW(GET, "/{org}/{repo}", "its builds", CALLS("build/list", OF_REPO),
	    .query = "status branch event actor before limit", .media = ROUTE_TEXT, .handle = page_repo),
	ROW(GET, "/{org}/{repo}/{number}", "a build as a tree", CALLS("build/get", OF_BUILD),
	    .media = ROUTE_TEXT, .handle = page_build),
};
/* clang-format on */
const size_t nroutes = sizeof(routes) / sizeof(routes[0]);
