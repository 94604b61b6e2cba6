/** What is asked of both organizations. `every: true`: the bound holds whatever the size. `every: false`: the cost grows
 *  with the number of matches or with the depth, on purpose; shown so that nobody is surprised.
 *  `of` gets {id, slug, memberships, versions}. */
export const cases = [
  { name: 'memberships: first page', every: true, of: () => '/memberships' },
  { name: 'memberships: page of 100', every: true, of: () => '/memberships?page[size]=100' },
  { name: 'memberships: page 100', every: true, of: () => '/memberships?page[number]=100' },
  {
    name: 'memberships: last page',
    every: true,
    of: ({ memberships }) => `/memberships?page[number]=${memberships / 10}`,
  },
  {
    name: 'memberships: page in the middle',
    every: false,
    of: ({ memberships }) => `/memberships?page[number]=${memberships / 20}`,
  },
  { name: 'memberships: sort=-created_at', every: true, of: () => '/memberships?sort=-created_at' },
  { name: 'memberships: sort=-updated_at', every: true, of: () => '/memberships?sort=-updated_at' },
  { name: 'memberships: sort=status', every: true, of: () => '/memberships?sort=status' },
  { name: 'memberships: sort=reference', every: true, of: () => '/memberships?sort=reference' },
  { name: 'memberships: sort=reference_origin', every: true, of: () => '/memberships?sort=reference_origin' },
  { name: 'memberships: count', every: true, of: () => '/memberships?page[number]=1&page[size]=1' },
  { name: 'memberships of the organization', every: true, of: ({ id }) => `/organizations/${id}/memberships` },
  {
    name: 'memberships: user_email_eq',
    every: true,
    of: ({ id }) => `/memberships?filter[q][user_email_eq]=${id.toLowerCase()}.person-77@example.com`,
  },
  { name: 'memberships: reference_eq', every: true, of: () => '/memberships?filter[q][reference_eq]=REF-77' },
  {
    name: 'memberships: reference_in, twenty',
    every: true,
    of: () => `/memberships?filter[q][reference_in]=${Array.from({ length: 20 }, (_, n) => `REF-${n * 7 + 1}`)}`,
  },
  {
    name: 'memberships: created_at_lt, a hundred',
    every: true,
    of: () => '/memberships?filter[q][created_at_lt]=2025-01-01T01:41:00Z',
  },
  { name: 'memberships: role_name_eq, twenty', every: true, of: () => '/memberships?filter[q][role_name_eq]=Role+4' },
  { name: 'memberships: owner_true', every: true, of: () => '/memberships?filter[q][owner_true]=1' },
  { name: 'memberships: status_eq, a third', every: true, of: () => '/memberships?filter[q][status_eq]=pending' },
  {
    name: 'memberships: access_scope_eq, a third',
    every: true,
    of: () => '/memberships?filter[q][access_scope_eq]=test_access',
  },
  {
    name: 'memberships: metadata_jcont, a tenth',
    every: false,
    of: () => '/memberships?filter[q][metadata_jcont]={"team":"blue"}',
  },
  {
    name: 'memberships: user_email_start, a few',
    every: true,
    of: ({ id }) => `/memberships?filter[q][user_email_start]=${id.toLowerCase()}.person-77@`,
  },
  {
    name: 'memberships: reference_start, a few',
    every: true,
    of: () => '/memberships?filter[q][reference_start]=ref-77',
  },
  {
    name: 'memberships: user_email_cont, a few',
    every: false,
    of: () => '/memberships?filter[q][user_email_cont]=person-77@',
  },
  {
    name: 'memberships: include three to-one',
    every: true,
    of: () => '/memberships?include=role,organization,membership_profile',
  },
  { name: 'memberships: include versions', every: true, of: () => '/memberships?include=versions' },
  { name: 'versions: first page', every: true, of: () => '/versions' },
  { name: 'versions: newest', every: true, of: () => '/versions?sort=-created_at' },
  { name: 'versions: page 100', every: true, of: () => '/versions?page[number]=100' },
  { name: 'versions: last page', every: true, of: ({ versions }) => `/versions?page[number]=${versions / 10}` },
  {
    name: 'versions: page in the middle',
    every: false,
    of: ({ versions }) => `/versions?page[number]=${versions / 20}`,
  },
  { name: 'versions: count', every: true, of: () => '/versions?page[number]=1&page[size]=1' },
  { name: 'versions of one membership', every: true, of: ({ membership }) => `/memberships/${membership}/versions` },
  { name: 'versions: request_id_eq', every: true, of: () => '/versions?filter[q][request_id_eq]=request-77' },
  {
    name: 'versions: resource_type_eq, many',
    every: true,
    of: () => '/versions?filter[q][resource_type_eq]=memberships',
  },
  { name: 'versions: event_eq, none', every: true, of: () => '/versions?filter[q][event_eq]=destroy' },
]
