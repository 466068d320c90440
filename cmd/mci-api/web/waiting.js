// waiting: why a build is not taken: the same questions that the store asks before it gives a build to an agent
// (build/claim in mci-protocol(7)), answered from what everybody can see.
const FRESH = 60000; // milliseconds since an agent asked for builds, after which it counts as away

const has = (agent, wanted) => Object.entries(wanted ?? {}).every(([k, v]) => agent.labels?.[k] === v);
const list = (wanted) => Object.entries(wanted).map(([k, v]) => `${k}=${v}`).join(', ');

// running: builds that agents have; repo and org: what is kept of the build's, where that may be seen.
export function whyWaiting(build, { agents, running, repo, org }) {
	const here = agents.filter((a) => a.seen && Date.now() - Date.parse(a.seen) < FRESH);
	const of = (test) => running.filter(test).length;
	const [most, all] = [repo?.['max-builds'], org?.['max-builds']];
	const [ofRepo, ofOrg] = [of((b) => b.repo === build.repo), of((b) => b.repo.startsWith(`${build.repo.split('/')[0]}/`))];
	if (!agents.length)
		return 'no agent has ever asked for builds';
	if (!here.length)
		return 'no agent is there';
	if (build.trust === 'stranger' && !here.some((a) => a.isolates))
		return 'it is a stranger\'s, and no agent that is there keeps jobs from its machine';
	if (repo?.agents && !here.some((a) => has(a, repo.agents)))
		return `no agent that is there has ${list(repo.agents)}`;
	if (most && ofRepo >= most)
		return `${ofRepo} of its repository run, which is as many as may`;
	if (all && ofOrg >= all)
		return `${ofOrg} of its organisation run, which is as many as may`;
	return 'every agent for it has enough to do';
}
