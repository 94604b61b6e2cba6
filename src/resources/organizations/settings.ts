import { boolean, integer, number } from '../../jsonapi/define.js'

/** Settings of the wider platform: the same for everybody, read-only. Values: CONTRACT 3.1. */
const FLAGS = {
  api_auth_redirect: true,
  api_new_auth: true,
  api_rules_engine: false,
  api_purge_single_resource: false,
  addresses_avs_check: true,
  addresses_phone_required: true,
  orders_sales_channel_guest_only: true,
  orders_number_editable_test: false,
  orders_number_editable_live: false,
  orders_number_as_reference: true,
  orders_invalid_coupon_errors: true,
  orders_invalid_gift_card_errors: true,
  orders_validate_shipping_stock: false,
  gift_cards_exact_code_matching: false,
  imports_purge_cache: true,
  imports_skip_errors: false,
  discount_engines_enabled: false,
  discount_engines_errors: false,
  tax_calculators_errors: false,
  external_promotions_errors: false,
  external_prices_errors: true,
}

const COUNTS = {
  api_rules_engine_max_conditions_size: 150,
  api_rules_engine_max_rules_size: 15,
  api_max_regex_length: 5000,
  orders_autorefresh_cutoff_test: 50,
  orders_autorefresh_cutoff_live: 500,
  bundles_max_items_count: 10,
  coupons_min_code_length: 8,
  coupons_max_code_length: 40,
  gift_cards_min_code_length: 8,
  gift_cards_max_code_length: 40,
  cleanups_max_concurrent_count: 10,
  exports_max_concurrent_count: 10,
  imports_max_concurrent_count: 10,
  promotions_max_concurrent_count: 10,
  inventory_models_max_stock_locations_cutoff: 10,
  promotions_max_conditions_size: 150,
  promotions_max_rules_size: 15,
  price_lists_max_conditions_size: 150,
  price_lists_max_rules_size: 15,
  imports_trigger_webhooks: 0,
  tags_max_name_length: 25,
  tags_max_allowed_number: 10,
}

const LAPSES = { orders_min_rebuild_shipments_lapse: 0, orders_min_refresh_lapse: 0 }

const DOC = 'Setting of the commerce platform; the same for every organization here.'

const fixed = <T, F>(
  values: Record<string, T>,
  make: (options: { can: readonly ['read']; constant: T; doc: string }) => F,
) =>
  Object.fromEntries(
    Object.entries(values).map(([name, constant]) => [name, make({ can: ['read'], constant, doc: DOC })]),
  )

/** The attributes that stand in no column. */
export const platformSettings = {
  ...fixed(FLAGS, boolean),
  ...fixed(COUNTS, integer),
  ...fixed(LAPSES, number),
}
