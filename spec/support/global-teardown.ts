/** After the whole run: nothing stays behind. */
// biome-ignore lint/style/noDefaultExport: jest asks for one
export default async function globalTeardown(): Promise<void> {
  await globalThis.gatehouseSpecEngine?.stop()
}
