# spvd: build, test and measure.
#
# The linters are pinned in internal/tools, the full nodes that the end to end
# tests run against in e2e: both are modules of their own, so that go.mod only
# names what the programs are built from.

GO      ?= go
BUILD   ?= build
FUZZTIME ?= 30s

PROGRAMS := ./cmd/spvd ./cmd/spvctl
comma    := ,
TOOLS    := $(CURDIR)/internal/tools
TOOL     := $(GO) tool -modfile=$(TOOLS)/go.mod
LINTERS  := $(TOOL) staticcheck ./... && $(TOOL) golangci-lint run --allow-parallel-runners --config $(TOOLS)/golangci.yml ./...

# Packages with goroutines of their own are tested with the race detector. The
# others are pure or compute much, and would only be slowed down by it.
SINGLE     := ./peer/internal/addrbook ./peer/internal/pick ./spv/internal/progress
CONCURRENT := . ./cmd/... ./peer/... ./spv ./spv/internal/... ./internal/snapshot/... ./internal/logging/... ./internal/page ./internal/rpc/... \
	./internal/engine/... ./internal/webhook ./internal/certificate ./internal/prune ./adapter/notifier ./adapter/rpcclient \
	./docs/examples/toywallet ./internal/testnet ./internal/testnet/link ./internal/wait
RACY  = $(filter-out $(shell $(GO) list $(SINGLE)),$(shell $(GO) list $(CONCURRENT)))
PURE  = $(filter-out $(shell $(GO) list $(RACY)),$(shell $(GO) list ./...))

# Tests of those packages that compute much in few goroutines, or whose daemons are killed at moments
# that their slowness would miss: the race detector skips them, or watches fewer turns.
UNRACED := TestBranchesOfEveryDepthAreLeft TestWhoeverLeadsBackIsNotTakenForTheNext TestDeadAddressesDoNotKeepFromAsking TestConnectedPeersStayInTheBook \
	TestDialsArePaced TestHeadersBetweenWaypointsComeInOrderThroughAllOfThem TestExportsOfAnySize TestAttackBy.* \
	TestKillsDuringFirstSync TestKillsDuringReorganisations TestKillsDuringRescans TestKillsDuringImports TestKillsDuringBackfills \
	TestKillsDuringPruning TestKillsDuringCompaction TestBuildSweepOfManyCoins TestHashPassword TestRandomFloors \
	TestASlowPeerThatShowsMoreIsWaitedFor
empty :=
UNRACEDIN  := . ./cmd/spvd ./cmd/spvctl ./peer ./spv ./spv/internal/headersync
UNRACEDRUN := ^($(subst $(empty) ,|,$(strip $(UNRACED))))$$

# The race detector needs a C compiler. It does not watch what is inside libraries that only
# compute, nor inside the database, which has locks of its own: that took more than half of the
# time. A program that it watches waits for a second when it ends, unless GORACE says otherwise.
RACE := $(if $(shell command -v $$($(GO) env CC)),-race)
COMPUTES := github.com/decred/dcrd/crypto github.com/decred/dcrd/dcrec github.com/decred/dcrd/gcs github.com/decred/dcrd/math \
	github.com/decred/dcrd/txscript github.com/decred/dcrd/blockchain/standalone github.com/decred/dcrd/chaincfg/chainhash \
	github.com/dchest/siphash lukechampine.com/blake3 go.etcd.io/bbolt
UNWATCHED := $(if $(RACE),$(COMPUTES:%=-gcflags=%/...=-race=false))
export GORACE ?= atexit_sleep_ms=50

.PHONY: build install uninstall packages cross clib clibcycles release demo snapshotdemo test adapters adapterkills adapterbench attacks flaky soak majority eclipse deepfork page vet check fmt lint vuln bench servebench floodbench scale longrun microbench benchstat loadbench idle profile fuzz crash lifecycle clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BUILD)/ $(PROGRAMS)

# Where make install puts things: below DESTDIR, for packages of distributions, in the
# directories that the GNU coding standards name.
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
MANDIR     ?= $(PREFIX)/share/man
LIBDIR     ?= $(PREFIX)/lib
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
FISHDIR    ?= $(PREFIX)/share/fish/vendor_completions.d

SYSCONF   := $(DESTDIR)$(SYSCONFDIR)/spvd/spvd.conf
INSTALLED := $(PREFIX)/bin/spvd $(PREFIX)/bin/spvctl $(MANDIR)/man1/spvd.1 $(MANDIR)/man1/spvctl.1 $(MANDIR)/man5/spvd.conf.5 \
	$(BASHDIR)/spvd $(ZSHDIR)/_spvd $(FISHDIR)/spvd.fish $(BASHDIR)/spvctl $(ZSHDIR)/_spvctl $(FISHDIR)/spvctl.fish \
	$(LIBDIR)/systemd/system/spvd.service $(LIBDIR)/sysusers.d/spvd.conf $(LIBDIR)/tmpfiles.d/spvd.conf

# The configuration that the service begins with; one that is there stays.
$(BUILD)/spvd.conf: sample-spvd.conf
	mkdir -p $(BUILD)
	sed -e 's|^; appdata = .*|appdata = /var/lib/spvd|' -e 's|^; cookiegroup = .*|cookiegroup = spvd|' sample-spvd.conf > $@

install: build $(BUILD)/spvd.conf
	$(BUILD)/spvd --manpage > $(BUILD)/spvd.1
	$(BUILD)/spvd --manpage=5 > $(BUILD)/spvd.conf.5
	$(BUILD)/spvctl man > $(BUILD)/spvctl.1
	$(BUILD)/spvd --completion bash > $(BUILD)/spvd.bash
	$(BUILD)/spvd --completion zsh > $(BUILD)/_spvd
	$(BUILD)/spvd --completion fish > $(BUILD)/spvd.fish
	$(BUILD)/spvctl completion bash > $(BUILD)/spvctl.bash
	$(BUILD)/spvctl completion zsh > $(BUILD)/_spvctl
	$(BUILD)/spvctl completion fish > $(BUILD)/spvctl.fish
	sed -e 's|/usr/local|$(PREFIX)|' -e 's|/etc/spvd|$(SYSCONFDIR)/spvd|' docs/service/spvd.service > $(BUILD)/spvd.service
	sed 's|/etc/spvd|$(SYSCONFDIR)/spvd|' docs/service/spvd.tmpfiles > $(BUILD)/spvd.tmpfiles
	install -d $(sort $(dir $(addprefix $(DESTDIR),$(INSTALLED)))) $(dir $(SYSCONF))
	install -m 755 $(BUILD)/spvd $(BUILD)/spvctl $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(BUILD)/spvd.1 $(BUILD)/spvctl.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 $(BUILD)/spvd.conf.5 $(DESTDIR)$(MANDIR)/man5
	install -m 644 $(BUILD)/spvd.bash $(DESTDIR)$(BASHDIR)/spvd
	install -m 644 $(BUILD)/spvctl.bash $(DESTDIR)$(BASHDIR)/spvctl
	install -m 644 $(BUILD)/_spvd $(BUILD)/_spvctl $(DESTDIR)$(ZSHDIR)
	install -m 644 $(BUILD)/spvd.fish $(BUILD)/spvctl.fish $(DESTDIR)$(FISHDIR)
	install -m 644 $(BUILD)/spvd.service $(DESTDIR)$(LIBDIR)/systemd/system
	install -m 644 docs/service/spvd.sysusers $(DESTDIR)$(LIBDIR)/sysusers.d/spvd.conf
	install -m 644 $(BUILD)/spvd.tmpfiles $(DESTDIR)$(LIBDIR)/tmpfiles.d/spvd.conf
	test -e $(SYSCONF) || install -m 640 $(BUILD)/spvd.conf $(SYSCONF)

# Settings that were changed stay, and wallets always.
uninstall: $(BUILD)/spvd.conf
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	if cmp -s $(BUILD)/spvd.conf $(SYSCONF); then rm -f $(SYSCONF) && rmdir $(dir $(SYSCONF)); fi

# The C library in $(BUILD)/clib, shared and as an archive, with its header. It needs a C
# compiler; a shared library is named as those of the platform are.
ifeq ($(shell $(GO) env GOOS),darwin)
CLIB := libspvd.dylib
CLIBNAME := -Wl,-install_name,@rpath/$(CLIB)
else
CLIB := libspvd.so
CLIBNAME := -Wl,-soname,$(CLIB)
endif

clib:
	CGO_ENABLED=1 $(GO) build -trimpath -buildmode=c-shared -ldflags '-s -w -extldflags $(CLIBNAME)' -o $(BUILD)/clib/$(CLIB) ./cmd/libspvd
	CGO_ENABLED=1 $(GO) build -trimpath -buildmode=c-archive -ldflags '-s -w' -o $(BUILD)/clib/libspvd.a ./cmd/libspvd
	rm -f $(BUILD)/clib/libspvd.h
	cp cmd/libspvd/spvd.h $(BUILD)/clib/

# A client of the C library is started and stopped CYCLES times at random moments, from three
# threads, also watched by AddressSanitizer; then one in Go, watched by the race detector.
CYCLES ?= 1000

clibcycles:
	$(GO) test -count=1 -timeout 0 -v -run TestCyclesInC ./cmd/libspvd -args -cycles $(CYCLES) -sanitize address
	$(GO) test -count=1 -timeout 0 -v -run TestCyclesInC ./cmd/libspvd -args -cycles $(CYCLES)
	$(GO) test -count=1 -timeout 0 -v -race -run TestCycles ./internal/engine -args -cycles $(CYCLES)

# What users download, for all platforms or those of ONLY, in $(BUILD)/release, as
# archives, for Linux also as DEB and RPM, with SHA256SUMS. CHECK=1 builds twice, in two
# places, and compares.
release:
	$(GO) run ./internal/release -out $(BUILD)/release -only '$(ONLY)' $(if $(CHECK),-check)

# The DEB and the RPM of this machine are built, and judged by dpkg and rpm where they are
# installed: installed below another root directory, started, upgraded, removed and purged.
packages:
	$(GO) test -count=1 -timeout 0 -v -run TestPackages ./internal/release -args -packages

# What is compiled for other platforms than this one, tests included, is vetted: what is only for
# Windows, for macOS and for other processors. PLATFORMS names some of them.
PLATFORMS ?= windows/amd64 darwin/arm64 linux/arm64 linux/386 freebsd/amd64

cross:
	set -e; for p in $(PLATFORMS); do echo "$$p"; CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) vet ./...; \
		CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/} $(GO) build -trimpath -o $(BUILD)/cross/$$p/ $(PROGRAMS); done

# A first sync against a real full node, from nothing, in a temporary directory.
# Built the way the demo builds the programs, which share what is compiled.
demo:
	cd e2e && CGO_ENABLED=0 $(GO) run -trimpath ./cmd/demo

# How many stories on real nodes are told side by side: they mostly wait.
STORIES := 6

# What is tested has been vetted.
test: vet adapters
	$(GO) test -vet=off $(PURE)
	$(if $(RACE),,@echo "no C compiler: testing without the race detector")
	$(GO) test -vet=off $(RACE) $(UNWATCHED) $(RACY)
	$(GO) test -vet=off $(RACE) $(UNWATCHED) -run 'Readers|Closed' ./spv/chain
	$(GO) test -vet=off -run '$(UNRACEDRUN)' $(UNRACEDIN)
	cd e2e && $(GO) test -vet=off -count=1 -parallel $(STORIES) ./...
	cd internal/bench && $(GO) test -vet=off ./...

# The reference wallet on spvd's engine, beside one on its own package spv. The module
# requires dcrwallet, which nothing else here does.
adapters:
	cd adapter/dcrwallet && $(GO) test ./...

# A wallet of dcrwallet on the engine, on real nodes, is killed KILLS times while it syncs.
adapterkills: KILLS = 200
adapterkills:
	cd e2e && $(GO) test -count=1 -timeout 0 -v -run TestRealNodes/adapter . -args -walletkills $(KILLS)

# First syncs of such a wallet from its seed, beside its own package spv and its own work
# alone. FULL=1 measures a chain of a million blocks as well.
adapterbench:
	cd adapter/dcrwallet && $(GO) run ./internal/seedwallet/cmd/walletbench -turns $(TURNS) -blocks 100000$(if $(FULL),$(comma)1000000)

# N random networks and FORKS random forks, from the seed FROM on. A seed that fails
# belongs in internal/testnet/sim/seeds_test.go.
N     ?= 2000
FORKS ?= 2000
FROM  ?= 1000

# LIFETIMES random lives of a wallet, of 250 operations each, are compared with a replay.
LIFETIMES ?= 2000

# SEEDS random histories are tried for each property of a wallet.
SEEDS ?= 100

# Transactions that are built from WALLETS random wallets are signed and judged by dcrd's code.
WALLETS ?= 5000

soak:
	$(GO) test -count=1 -timeout 0 -run TestRandomNetworks ./internal/testnet/sim -args -networks $(N) -seed $(FROM)
	$(GO) test -count=1 -timeout 0 -run TestLifetimes ./wallet -args -lifetimes $(LIFETIMES) -lifetime $(FROM) -lifetime-ops 250
	SPVD_WALLET_SEEDS=$(SEEDS) $(GO) test -count=1 -timeout 0 ./wallet
	$(GO) test -count=1 -timeout 0 -run EqualsTwin ./spv/chain -args -histories 60
	$(GO) test -count=1 -timeout 0 -run TestRandomWallets ./wallet/txbuild -args -wallets $(WALLETS) -wallet $(FROM)
	$(GO) test -count=1 -timeout 0 -run TestForksOfAnyDepth ./internal/testnet/sim -args -forks $(FORKS) -fork $(FROM)
	$(GO) test -count=1 -timeout 0 -run TestClientsLoseNothing ./internal/rpc -args -reorgs 200
	$(GO) test -count=1 -timeout 0 -run TestAKilledReceiver ./internal/webhook -args -webhookturns 200 -webhookseed $(FROM)

# Seven of eight peers faulty in the same way, for every fault and MAJORITIES seeds
# from the seed FROM on. What it says last are the longest times, in those that eight
# honest peers take; 2.00 is too long.
MAJORITIES ?= 20

majority:
	$(GO) test -count=1 -timeout 0 -v -run TestMostPeersAreFaulty ./internal/testnet/sim -args -majorities $(MAJORITIES) -majority $(FROM)

# Hostile peers and clients against a running daemon, with 300 MB each. Says by how much
# its memory grew.
attacks:
	$(GO) test -count=1 -timeout 0 -v -run TestAttackBy ./cmd/spvd -args -attackbytes 300000000

# All that make test runs, N times each: as there, with one core kept busy, with GOMAXPROCS=1 and
# with 8, and 400 days later, in turn. Prints how often each test failed, for the packages with the
# race detector, those without, tests that it skips, the runs against real nodes, and two modules.
# EACH=5s runs each test alone instead, as often as five seconds allow.
flaky: N = 20
flaky: ROUNDS = -n $(N) $(if $(EACH),-each $(EACH))
flaky:
	GOFLAGS='$(GOFLAGS) $(UNWATCHED)' $(GO) run ./internal/flaky $(ROUNDS) $(RACE) $(RACY)
	$(GO) run ./internal/flaky $(ROUNDS) $(PURE)
	$(GO) run ./internal/flaky $(ROUNDS) -run '$(UNRACEDRUN)' $(UNRACEDIN)
	$(GO) run ./internal/flaky $(ROUNDS) -C e2e ./...
	$(GO) run ./internal/flaky $(ROUNDS) -C internal/bench ./...
	$(GO) run ./internal/flaky $(ROUNDS) -C adapter/dcrwallet ./...

# Attacks on the connections of a client, which is to be the client of hostile nodes only:
# numbers of honest addresses, hostile network groups and attacks for a day of virtual time
# each, and 100 runs of peers that all withhold. The lines with RESULT are what
# docs/security.md shows.
ECLIPSE_RUNS ?= 3

eclipse:
	$(GO) test -count=1 -timeout 0 -v -run 'Eclipse|TestWithheldTip' ./internal/testnet/sim -args \
		-eclipsehours 24 -eclipseall -eclipseruns $(ECLIPSE_RUNS) -eclipsestale 100

# A daemon that follows a hostile branch of 5,000 blocks meets a real node, for which more
# than 2,000 blocks are mined first. SOURCE is the source tree of the spvd that is
# tested; NODE keeps the directory of the real node between runs.
deepfork:
	cd e2e && $(GO) test -count=1 -timeout 30m -v -run TestDeepForkIsLeft . -args -deepfork \
		$(if $(SOURCE),-deepforksource $(abspath $(SOURCE))) $(if $(NODE),-deepforknode $(abspath $(NODE)))

# A daemon syncs with a real node and writes a snapshot, a file server serves it, and a second
# daemon begins with it, without a peer at first. A third one and a dcrwallet sync from what the
# second one serves with --listen alone. Prints sizes, times and bytes.
snapshotdemo:
	cd e2e && $(GO) test -count=1 -v -run 'TestRealNodes/snapshot' .

# The status page, and the web page of docs/examples, in a Chromium, which has to be installed, and
# before axe-core, which npm fetches. SPVD_SCREENSHOTS names the directory that the pictures are kept in.
AXE ?= 4.14.1

page:
	npm install --silent --no-save --no-audit --no-fund --ignore-scripts --prefix $(BUILD)/axe axe-core@$(AXE)
	SPVD_AXE=$(abspath $(BUILD))/axe/node_modules/axe-core/axe.min.js \
		$(GO) test -count=1 -tags browser -run 'Browser|Scripts' ./internal/page

# Stops of the store at every write of HISTORIES random lives, and KILLS kills of
# daemons in each of a first sync, reorganisations, rescans, imports of a snapshot, late
# imports of a key below the floor of the filters, pruning, and compactions. The moments of the
# kills follow the time that the machine takes. Each test says how many stops it has tried, and
# how many came while there was something to interrupt; it fails if one of them lost anything,
# or if of 20 or more none came then.
HISTORIES ?= 60
KILLS     ?= 100

crash:
	$(GO) test -count=1 -timeout 0 -v -run '^TestCrash' ./spv/chain -args -histories $(HISTORIES)
	$(GO) test -count=1 -timeout 0 -v -run '^TestKillsDuring' ./cmd/spvd -args -kills $(KILLS) -killblocks 30000

# Every worker, and a whole client, is canceled, fails and is killed at each of its blocking
# points, of which POINTS are tried, 0 for all, and each is started again after that. Prints
# the points and the lives.
POINTS ?= 0

lifecycle:
	$(GO) test -count=1 -timeout 0 -v -run InterruptedAnywhere . ./peer ./peer/serve ./spv ./internal/snapshot/checkpointer ./internal/prune ./internal/votecheck -args -points $(POINTS)

vet:
	$(GO) vet ./...
	$(GO) vet -tags browser ./internal/page
	cd e2e && $(GO) vet ./...
	cd internal/bench && $(GO) vet ./...
	cd adapter/dcrwallet && $(GO) vet ./...

# What has to pass before a change lands.
check: fmt lint test

fmt:
	@out=$$(gofmt -l $$(git ls-files '*.go' | grep -v /testdata/)); \
	if [ -n "$$out" ]; then echo "not formatted, run gofmt -w:"; echo "$$out"; exit 1; fi

lint: vet
	$(LINTERS)
	cd e2e && $(LINTERS)
	cd internal/bench && $(LINTERS)
	cd adapter/dcrwallet && $(LINTERS)

# Known vulnerabilities in what the programs call; asks vuln.go.dev.
vuln:
	$(TOOL) govulncheck ./...

# First syncs beside a program that does the least that any has to, as the tables
# of docs/performance.md. FULL=1 measures chains of a million blocks as well: their
# generation takes minutes, once, and each measurement longer. TURNS is how often
# each row is measured; of more than one the median counts.
TURNS ?= 3

bench:
	cd internal/bench && $(GO) run ./cmd/syncbench -turns $(TURNS) -blocks 100000$(if $(FULL),$(comma)1000000)
	cd internal/bench && $(GO) run ./cmd/importbench -turns $(TURNS) -blocks $(if $(FULL),1000000,100000)
	cd internal/bench && $(GO) run ./cmd/scanbench -blocks $(if $(FULL),1000000,100000)

# First syncs from spvd that serves light clients beside first syncs from a full node, as the
# synthetic network has it, in PAIRS: of spvd and of dcrwallet. FULL=1 measures a chain of a
# million blocks as well, for spvd.
PAIRS ?= 7

servebench:
	cd internal/bench && $(GO) run ./cmd/servebench -turns $(PAIRS) -blocks 100000
	$(if $(FULL),cd internal/bench && $(GO) run ./cmd/servebench -turns $(PAIRS) -blocks 1000000)
	cd adapter/dcrwallet && $(GO) run ./internal/seedwallet/cmd/walletbench -serving -turns $(PAIRS) -blocks 100000

# First syncs of spvd that serves light clients, alone and while 128 connections flood it, in
# PAIRS. It needs the many loopback addresses of Linux.
floodbench:
	cd internal/bench && $(GO) run ./cmd/floodbench -turns $(PAIRS) -blocks 100000

# Large wallets and many, as the tables of docs/performance.md: the daemon is asked by
# JSON-RPC, and dcrwallet in its own process. FULL=1 measures a wallet of a million payments
# too, which takes minutes.
scale: build
	cd internal/bench && $(GO) run ./cmd/scalebench -spvd $(abspath $(BUILD))/spvd -payments 1000,10000,100000$(if $(FULL),$(comma)1000000)
	cd adapter/dcrwallet && $(GO) run ./internal/seedwallet/cmd/walletbench -large 1000,10000,100000

# What BLOCKS blocks cost, with reorganisations, reloads and vanishing clients: 288 are
# a day on the main network. It fails if the daemon leaks files or memory.
BLOCKS ?= 3256

longrun: build
	cd internal/bench && $(GO) run ./cmd/scalebench -spvd $(abspath $(BUILD))/spvd -day $(BLOCKS)

# Micro-benchmarks in the form that benchstat compares.
microbench:
	$(GO) test -run '^$$' -bench . -benchmem -count 6 ./peer ./spv/...

# What two outputs of microbench differ in.
benchstat:
	$(TOOL) benchstat $(OLD) $(NEW)

# A first sync of LOADBLOCKS blocks while 1,000 websockets follow it, and under a
# flood of calls, beside one that nobody looks at.
LOADBLOCKS ?= 100000

loadbench:
	$(GO) test -run '^$$' -bench SyncUnderLoad -benchtime 4x ./cmd/spvd -args -loadblocks $(LOADBLOCKS)

# What a daemon costs in a minute of having nothing to do, synced and offline.
idle:
	$(GO) test -run '^$$' -bench Idle -benchtime 1x ./cmd/spvd

# Processor and heap profiles of a first sync in $(BUILD).
profile:
	mkdir -p $(BUILD)
	cd internal/bench && $(GO) run ./cmd/syncbench -blocks 1000000 -run '1 \| 0 ms \| no' -turns 1 -profiles $(abspath $(BUILD))

# Every fuzz target in turn, each for FUZZTIME. When the time is up, the go command may call that
# a failure of the target ("context deadline exceeded"): without an input that fails it is none.
fuzz:
	@set -e; mkdir -p $(BUILD); log=$(BUILD)/fuzz.log; \
	git grep -l '^func Fuzz' -- '*_test.go' | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$(dirname "$$file") $$target"; \
			{ $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" 2>&1 || echo "exit status of $$target: $$?"; } | tee $$log; \
			if grep -q "^exit status of $$target" $$log; then \
				grep -q '^ *context deadline exceeded$$' $$log && ! grep -q 'Failing input' $$log || exit 1; \
			fi; \
		done; \
	done

clean:
	rm -rf $(BUILD)
