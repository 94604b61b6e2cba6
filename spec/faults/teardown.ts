/** Nothing is left to take down: each file has stopped its own world. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default function teardown(): void {}
