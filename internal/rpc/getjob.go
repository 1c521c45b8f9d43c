package rpc

import (
	"context"

	"github.com/spvd/spvd/internal/rpc/api"
)

func getJob() method {
	return method{
		name:    "getjob",
		reads:   true,
		summary: "Tells how far a search of old blocks is.",
		params:  []param{jobParam()},
		result:  "the job",
		returns: []any{api.Job{}},
		example: `[1]`,
		handle: func(_ context.Context, b *backend, a args) (any, error) {
			return b.job(a.int("id"))
		},
	}
}

func jobParam() param {
	return param{name: "id", kind: kindInt, text: "The number of the job in the wallet; see listjobs."}
}
