import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["ui-tests/**/*.test.ts"],
    setupFiles: ["ui-tests/setup.ts"],
    benchmark: { include: ["ui-tests/**/*.bench.ts"] },
    // A test that hangs is to end, and one on a busy machine is not to fail.
    testTimeout: 120_000,
  },
});
