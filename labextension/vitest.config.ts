import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["ui-tests/**/*.test.ts"],
    setupFiles: ["ui-tests/setup.ts"],
    benchmark: { include: ["ui-tests/**/*.bench.ts"] },
  },
});
