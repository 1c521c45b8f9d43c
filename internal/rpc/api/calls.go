package api

// MethodCalls counts the calls of a method since the server was made. Calls of methods that do not
// exist, and what is no call, are those of the method InvalidMethod.
type MethodCalls struct {
	Method  string
	Calls   uint64
	Errors  uint64  // that were answered with an error
	Seconds float64 // of all together, with what they wait for their turn
}

// InvalidMethod stands for what is no call of a method.
const InvalidMethod = "invalid"
