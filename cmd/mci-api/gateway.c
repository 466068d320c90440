#include "gateway.h"

#include "kernel.h"

int
gateway_open(struct gateway *g, struct error *e)
{
	g->began = kernel.now();
	for (size_t i = 0; i < g->nplaces; i++) {
		g->places[i].client = client_open(g->loop, g->places[i].address, NULL, NULL, e);
		if (g->places[i].client == NULL)
			return -1;
	}
	return 0;
}

void
gateway_close(struct gateway *g)
{
	for (size_t i = 0; i < g->nplaces; i++) {
		client_close(g->places[i].client);
		g->places[i].client = NULL;
	}
}

struct gateway_place *
gateway_place(struct gateway *g, struct span method)
{
	for (size_t i = 0; i < g->nplaces; i++) {
		if (contract_method(g->places[i].contract, method) != NULL)
			return &g->places[i];
	}
	return NULL;
}
