# make demo ARGS="--queues 40": whatever stands in ARGS goes to the script.
.PHONY: demo dev test check bench fuzz

demo:
	@bin/demo $(ARGS)

dev:
	@bin/dev $(ARGS)

test:
	@bin/test $(ARGS)

check:
	@bin/check $(ARGS)

bench:
	@bin/bench $(ARGS)

fuzz:
	@bin/fuzz $(ARGS)
