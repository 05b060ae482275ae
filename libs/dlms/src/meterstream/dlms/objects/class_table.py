"""The interface classes of the Blue Book (DLMS UA 1000-1, clauses 4 and 5; IEC 62056-6-2), one line a class version.

    id.version[,version] name: attribute=type ... | method ...

Attributes count from 2, as attribute 1 is always the logical name; methods from 1; "-" is a number that is not used.
`any` is a CHOICE of types, or one that the object decides.
A line without versions only names a class: nothing about its attributes can be checked.
"""

from __future__ import annotations

from typing import Final

CLASS_TABLE: Final = """
1.0 data: value=any
3.0 register: value=any scaler_unit=scaler-unit | reset
4.0 extended register: value=any scaler_unit=scaler-unit status=any capture_time=octet-string | reset
5.0 demand register: current_average_value=any last_average_value=any scaler_unit=scaler-unit status=any capture_time=octet-string start_time_current=octet-string period=double-long-unsigned number_of_periods=long-unsigned | reset next_period
6.0 register activation: register_assignment=array mask_list=array active_mask=octet-string | add_register add_mask delete_mask
7.0 profile generic: buffer=array capture_objects=array capture_period=double-long-unsigned sort_method=enum sort_object=object-definition entries_in_use=double-long-unsigned profile_entries=double-long-unsigned | reset capture get_buffer_by_range get_buffer_by_index
7.1 profile generic: buffer=array capture_objects=array capture_period=double-long-unsigned sort_method=enum sort_object=object-definition entries_in_use=double-long-unsigned profile_entries=double-long-unsigned | reset capture
8.0 clock: time=octet-string time_zone=long status=unsigned daylight_savings_begin=octet-string daylight_savings_end=octet-string daylight_savings_deviation=integer daylight_savings_enabled=boolean clock_base=enum | adjust_to_quarter adjust_to_measuring_period adjust_to_minute adjust_to_preset_time preset_adjusting_time shift_time
9.0 script table: scripts=array | execute
10.0 schedule: entries=array | enable_disable insert delete
11.0 special days table: entries=array | insert delete
12.0,1 association SN: object_list=object-list | - - read_by_logical_name - change_secret - - reply_to_hls_authentication
12.2 association SN: object_list=object-list access_rights_list=array security_setup_reference=octet-string | - - read_by_logical_name - change_secret - - reply_to_hls_authentication
12.3,4 association SN: object_list=object-list access_rights_list=array security_setup_reference=octet-string user_list=array current_user=structure | - - read_by_logical_name - change_secret - - reply_to_hls_authentication add_user remove_user
15.0 association LN: object_list=object-list associated_partners_id=associated-partners application_context_name=context-name xdlms_context_info=xdlms-context authentication_mechanism_name=mechanism-name secret=octet-string association_status=enum | reply_to_hls_authentication change_hls_secret add_object remove_object
15.1 association LN: object_list=object-list associated_partners_id=associated-partners application_context_name=context-name xdlms_context_info=xdlms-context authentication_mechanism_name=mechanism-name secret=octet-string association_status=enum security_setup_reference=octet-string | reply_to_hls_authentication change_hls_secret add_object remove_object
15.2,3 association LN: object_list=object-list associated_partners_id=associated-partners application_context_name=context-name xdlms_context_info=xdlms-context authentication_mechanism_name=mechanism-name secret=octet-string association_status=enum security_setup_reference=octet-string user_list=array current_user=structure | reply_to_hls_authentication change_hls_secret add_object remove_object add_user remove_user
17.0 SAP assignment: sap_assignment_list=array | connect_logical_device
18.0 image transfer: image_block_size=double-long-unsigned image_transferred_blocks_status=bit-string image_first_not_transferred_block_number=double-long-unsigned image_transfer_enabled=boolean image_transfer_status=enum image_to_activate_info=array | image_transfer_initiate image_block_transfer image_verify image_activate
19.0,1 IEC local port setup: default_mode=enum default_baud=enum prop_baud=enum response_time=enum device_addr=octet-string pass_p1=octet-string pass_p2=octet-string pass_w5=octet-string
20.0 activity calendar: calendar_name_active=octet-string season_profile_active=array week_profile_table_active=array day_profile_table_active=array calendar_name_passive=octet-string season_profile_passive=array week_profile_table_passive=array day_profile_table_passive=array activate_passive_calendar_time=octet-string | activate_passive_calendar
21.0 register monitor: thresholds=array monitored_value=structure actions=array
22.0 single action schedule: executed_script=script type=enum execution_time=array
23.0,1 IEC HDLC setup: comm_speed=enum window_size_transmit=unsigned window_size_receive=unsigned max_info_field_length_transmit=long-unsigned max_info_field_length_receive=long-unsigned inter_octet_time_out=long-unsigned inactivity_time_out=long-unsigned device_address=long-unsigned
24.0 IEC twisted pair setup: mode=enum speed=enum primary_address_list=array tabi_list=array
25.0 M-Bus slave port setup: default_baud=enum avail_baud=enum addr_state=enum bus_address=unsigned
26.0 utility tables: table_id=long-unsigned length=double-long-unsigned buffer=octet-string
27.0,1 modem configuration: comm_speed=enum initialization_string=array modem_profile=array
28.0 auto answer: mode=enum listening_window=array status=enum number_of_calls=unsigned number_of_rings=structure
28.2 auto answer: mode=enum listening_window=array status=enum number_of_calls=unsigned number_of_rings=structure list_of_allowed_callers=array
29.0,1 auto connect: mode=enum repetitions=unsigned repetition_delay=long-unsigned calling_window=array destination_list=array
29.2 auto connect: mode=enum repetitions=unsigned repetition_delay=long-unsigned calling_window=array destination_list=array | connect
30.0 data protection: protection_buffer=octet-string protection_object_list=array protection_parameters_get=array protection_parameters_set=array required_protection_policy=enum | get_protected_attributes set_protected_attributes invoke_protected_method
40.0 push setup: push_object_list=array send_destination_and_method=structure communication_window=array randomisation_start_interval=long-unsigned number_of_retries=unsigned repetition_delay=long-unsigned | push
40.1 push setup: push_object_list=array send_destination_and_method=structure communication_window=array randomisation_start_interval=long-unsigned number_of_retries=unsigned repetition_delay=long-unsigned port_reference=octet-string push_client_sap=integer push_protection_parameters=array | push
40.2 push setup: push_object_list=array send_destination_and_method=structure communication_window=array randomisation_start_interval=long-unsigned number_of_retries=unsigned repetition_delay=structure port_reference=octet-string push_client_sap=integer push_protection_parameters=array push_operation_method=enum confirmation_parameters=structure last_confirmation_date_time=date-time | push reset
41.0 TCP-UDP setup: tcp_udp_port=long-unsigned ip_reference=octet-string mss=long-unsigned nb_of_sim_conn=unsigned inactivity_time_out=long-unsigned
42.0 IPv4 setup: dl_reference=octet-string ip_address=double-long-unsigned multicast_ip_address=array ip_options=array subnet_mask=double-long-unsigned gateway_ip_address=double-long-unsigned use_dhcp_flag=boolean primary_dns_address=double-long-unsigned secondary_dns_address=double-long-unsigned | add_mc_ip_address delete_mc_ip_address get_nbof_mc_ip_addresses
43.0 MAC address setup: mac_address=octet-string
44.0 PPP setup: phy_reference=octet-string lcp_options=array ipcp_options=array ppp_authentication=structure
45.0 GPRS modem setup: apn=octet-string pin_code=long-unsigned quality_of_service=structure
46.0 SMTP setup: server_port=long-unsigned user_name=octet-string login_password=octet-string server_address=octet-string sender_address=octet-string
47.0,1,2 GSM diagnostic: operator=visible-string status=enum cs_attachment=enum ps_status=enum cell_info=cell-info adjacent_cells=array capture_time=date-time
48.0 IPv6 setup: dl_reference=octet-string address_config_mode=enum unicast_ipv6_addresses=array multicast_ipv6_addresses=array gateway_ipv6_addresses=array primary_dns_address=octet-string secondary_dns_address=octet-string traffic_class=unsigned neighbor_discovery_setup=array | add_ipv6_address remove_ipv6_address
50 S-FSK Phy&MAC setup
51.0 S-FSK active initiator: active_initiator=structure | reset_new_not_synchronized
52.0 S-FSK MAC synchronization timeouts: search_initiator_timeout=long-unsigned synchronization_confirmation_timeout=long-unsigned time_out_not_addressed=long-unsigned time_out_frame_not_ok=long-unsigned
53.0 S-FSK MAC counters: synchronization_register=array desynchronization_listing=structure broadcast_frames_counter=array repetitions_counter=double-long-unsigned transmissions_counter=double-long-unsigned crc_ok_frames_counter=double-long-unsigned crc_nok_frames_counter=double-long-unsigned | reset
55.1 IEC 61334-4-32 LLC setup: max_frame_length=unsigned reply_status_list=array
56.0 S-FSK reporting system list: reporting_system_list=array
57.0 ISO/IEC 8802-2 LLC type 1 setup: max_octets_ui_pdu=long-unsigned
58.0 ISO/IEC 8802-2 LLC type 2 setup: transmit_window_size_k=unsigned receive_window_size_rw=unsigned max_octets_i_pdu_n1=long-unsigned max_number_transmissions_n2=unsigned acknowledgement_timer=long-unsigned p_bit_timer=long-unsigned reject_timer=long-unsigned busy_state_timer=long-unsigned
59.0 ISO/IEC 8802-2 LLC type 3 setup: max_octets_acn_pdu_n3=long-unsigned max_number_transmissions_n4=unsigned acknowledgement_time_t1=long-unsigned receive_lifetime_var_t2=long-unsigned transmit_lifetime_var_t3=long-unsigned
60.0 message handler: listening_window=array list_of_allowed_senders=array list_of_senders_and_actions=array
61.0 register table: table_cell_values=any table_cell_definition=structure scaler_unit=scaler-unit | reset capture
62.0,1 compact data: compact_buffer=octet-string capture_objects=array template_id=unsigned template_description=octet-string capture_method=enum | reset capture
63.0 status mapping: status_word=any mapping_table=structure
64.0 security setup: security_policy=enum security_suite=enum client_system_title=octet-string server_system_title=octet-string | security_activate global_key_transfer
64.1 security setup: security_policy=enum security_suite=enum client_system_title=octet-string server_system_title=octet-string certificates=array | security_activate key_transfer key_agreement generate_key_pair generate_certificate_request import_certificate export_certificate remove_certificate
65.0 parameter monitor: changed_parameter=structure capture_time=date-time parameter_list=array | add_parameter delete_parameter
65.1 parameter monitor: changed_parameter=structure capture_time=date-time parameter_list=array parameter_list_name=octet-string hash_algorithm_id=enum parameter_value_digest=octet-string parameter_values=structure | add_parameter delete_parameter
67.0 sensor manager: serial_number=octet-string metrological_identification=octet-string output_type=enum adjustment_method=octet-string sealing_method=enum raw_value=any scaler_unit=scaler-unit status=any capture_time=date-time raw_value_thresholds=array raw_value_actions=array processed_value=structure processed_value_thresholds=array processed_value_actions=array | reset
68.0 arbitrator: actions=array permissions_table=array weightings_table=array most_recent_requests_table=array last_outcome=unsigned | request_action reset
70.0 disconnect control: output_state=boolean control_state=enum control_mode=enum | remote_disconnect remote_reconnect
71.0 limiter: monitored_value=structure threshold_active=any threshold_normal=any threshold_emergency=any min_over_threshold_duration=double-long-unsigned min_under_threshold_duration=double-long-unsigned emergency_profile=structure emergency_profile_group_id_list=array emergency_profile_active=boolean actions=structure
72.0 M-Bus client: mbus_port_reference=octet-string capture_definition=array capture_period=double-long-unsigned primary_address=unsigned identification_number=double-long-unsigned manufacturer_id=long-unsigned version=unsigned device_type=unsigned access_number=unsigned status=unsigned alarm=unsigned | slave_install slave_deinstall capture reset_alarm synchronize_clock data_send set_encryption_key transfer_key
72.1 M-Bus client: mbus_port_reference=octet-string capture_definition=array capture_period=double-long-unsigned primary_address=unsigned identification_number=double-long-unsigned manufacturer_id=long-unsigned version=unsigned device_type=unsigned access_number=unsigned status=unsigned alarm=unsigned configuration=long-unsigned encryption_key_status=enum | slave_install slave_deinstall capture reset_alarm synchronize_clock data_send set_encryption_key transfer_key
73.0 wireless mode Q channel: addr_state=enum device_address=octet-string address_mask=bit-string
74.0 M-Bus master port setup: comm_speed=enum
76.0 DLMS server M-Bus port setup: mbus_profile_selection=octet-string mbus_port_communication_state=enum mbus_data_header_type=enum primary_address=unsigned identification_number=double-long-unsigned manufacturer_id=long-unsigned version=unsigned device_type=unsigned max_pdu_size=long-unsigned listening_window=array
77.0 M-Bus diagnostic: received_signal_strength=unsigned channel_id=unsigned link_status=enum broadcast_frames_counter=array transmissions_counter=double-long-unsigned fcs_ok_frames_counter=double-long-unsigned fcs_nok_frames_counter=double-long-unsigned capture_time=structure | reset
80.0 61334-4-32 LLC SSCS setup: service_node_address=long-unsigned base_node_address=long-unsigned | reset
81.0 PRIME physical layer counters: phy_stats_crc_incorrect_count=long-unsigned phy_stats_crc_fail_count=long-unsigned phy_stats_tx_drop_count=long-unsigned phy_stats_rx_drop_count=long-unsigned | reset
82.0 PRIME MAC setup: mac_min_switch_search_time=unsigned mac_max_promotion_pdu=unsigned mac_promotion_pdu_tx_period=unsigned mac_beacons_per_frame=unsigned mac_scp_max_tx_attempts=unsigned mac_ctl_re_tx_timer=unsigned mac_max_ctl_re_tx=unsigned
83.0 PRIME MAC functional parameters: mac_lnid=long mac_lsid=unsigned mac_sid=unsigned mac_sna=octet-string mac_state=enum mac_scp_length=long mac_node_hierarchy_level=unsigned mac_beacon_slot_count=unsigned mac_beacon_rx_slot=unsigned mac_beacon_tx_slot=unsigned mac_beacon_rx_frequency=unsigned mac_beacon_tx_frequency=unsigned mac_capabilities=long-unsigned
84.0 PRIME MAC counters: mac_tx_data_pkt_count=double-long-unsigned mac_rx_data_pkt_count=double-long-unsigned mac_tx_ctrl_pkt_count=double-long-unsigned mac_rx_ctrl_pkt_count=double-long-unsigned mac_csma_fail_count=double-long-unsigned mac_csma_ch_busy_count=double-long-unsigned | reset
85.0 PRIME MAC network administration data: mac_list_multicast_entries=array mac_list_switch_table=array mac_list_direct_table=array mac_list_available_switches=array mac_list_phy_comm=array | reset
86.0 PRIME application identification: app_fw_version=octet-string app_vendor_id=long-unsigned app_product_id=long-unsigned
90.1 G3-PLC MAC layer counters: mac_tx_data_packet_count=double-long-unsigned mac_rx_data_packet_count=double-long-unsigned mac_tx_cmd_packet_count=double-long-unsigned mac_rx_cmd_packet_count=double-long-unsigned mac_csma_fail_count=double-long-unsigned mac_csma_no_ack_count=double-long-unsigned mac_bad_crc_count=double-long-unsigned mac_tx_data_broadcast_count=double-long-unsigned mac_rx_data_broadcast_count=double-long-unsigned | reset
91 G3-PLC MAC setup
92 G3-PLC 6LoWPAN adaptation layer setup
95 Wi-SUN setup
96 Wi-SUN diagnostic
97 RPL diagnostic
98 MPL diagnostic
100.0 NTP setup: activated=boolean server_address=octet-string server_port=long-unsigned authentication_method=enum authentication_keys=array client_key=octet-string | synchronize add_authentication_key delete_authentication_key
101 ZigBee SAS startup
102 ZigBee SAS join
103 ZigBee SAS APS fragmentation
104 ZigBee network control
105 ZigBee tunnel setup
111.0 account: account_mode_and_status=structure current_credit_in_use=unsigned current_credit_status=bit-string available_credit=double-long amount_to_clear=double-long clearance_threshold=double-long aggregated_debt=double-long credit_reference_list=array charge_reference_list=array credit_charge_configuration=array token_gateway_configuration=array account_activation_time=octet-string account_closure_time=octet-string currency=structure low_credit_threshold=double-long next_credit_available_threshold=double-long max_provision=long-unsigned max_provision_period=double-long | activate_account close_account reset_account
112.0 credit: current_credit_amount=double-long credit_type=enum priority=unsigned warning_threshold=double-long limit=double-long credit_configuration=bit-string credit_status=enum preset_credit_amount=double-long credit_available_threshold=double-long period=octet-string | update_amount set_amount_to_value invoke_credit
113.0 charge: total_amount_paid=double-long charge_type=enum priority=unsigned unit_charge_active=structure unit_charge_passive=structure unit_charge_activation_time=octet-string period=double-long-unsigned charge_configuration=bit-string last_collection_time=date-time last_collection_amount=double-long total_amount_remaining=double-long proportion=long-unsigned | update_unit_charge activate_passive_unit_charge collect update_total_amount_remaining set_total_amount_remaining
115.0 token gateway: token=octet-string token_time=octet-string token_description=array token_delivery_method=enum token_status=structure | enter
116 IEC 62055-41 attributes
122.0 function control: activation_status=array function_list=array | set_function_status add_function remove_function
123.0 array manager: array_object_list=array | retrieve_number_of_entries retrieve_entries insert_entry update_entry remove_entries
124.0 communication port protection: protection_mode=enum allowed_failed_attempts=long-unsigned initial_lockout_time=double-long-unsigned steepness_factor=unsigned max_lockout_time=double-long-unsigned port_reference=octet-string protection_status=enum failed_attempts=double-long-unsigned cumulative_failed_attempts=double-long-unsigned | reset
126 SCHC-LPWAN setup
127 SCHC-LPWAN diagnostic
128 LoRaWAN setup
129 LoRaWAN diagnostic
151.0 LTE monitoring: network_parameters=structure quality_of_service=structure
151.1 LTE monitoring: network_parameters=structure quality_of_service=structure capture_time=date-time
152 CoAP setup
153 CoAP diagnostic
"""  # noqa: E501  # a line a class version, as a table is read
